#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbooks/engine/event.hpp"

namespace runbooks {

// The words an operator reads while a run goes on. Text only: who asks and when is the runner's business.

std::string render_head(Runbook const& runbook, std::string const& run_id, std::string const& environment);
// " 3/7  migrations    done  412 ms   55 files applied"
std::string render_line(Runbook const& runbook, Step const& step, std::string_view state, long ms,
                        std::string const& remark);
// What is about to happen: address, target, kind, the statements and commands, marks.
std::string render_step(Runbook const& runbook, Step const& step, Target const& target,
                        std::string const& environment, std::vector<std::string> const& effects);
// Long statements are cut to a few lines; `indent` goes in front of each.
std::string render_effects(std::vector<std::string> const& effects, std::string const& indent,
                           std::size_t most);
// A step's outputs, one line each; tables (arrays of objects) as columns.
std::string render_outputs(Json const& outputs, std::string const& indent);

}  // namespace runbooks
