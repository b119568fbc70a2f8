#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scripting/runbook_body.hpp"
#include "scripting/world.hpp"

namespace scripting {

struct Included {
  std::vector<runbooks::Step> steps;  // addresses below the prefix; hashes as in their own runbook
  std::function<std::vector<std::string>(runbooks::RunView const&)> locks;  // may be null
};

// The steps of `inner` as steps of the runbook that includes it. What they see is theirs: inputs made by
// `inputs` from the outer run, or defaults, and outputs by their own addresses. `prefix` ends with a slash.
Included include_steps(World& world, std::shared_ptr<runbooks::Runbook const> const& inner,
                       Body const& inputs, std::string const& prefix);

}  // namespace scripting
