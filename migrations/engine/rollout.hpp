#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// Targets that are worked on together; the next wave begins when all of them are done.
struct Wave {
  std::string name;                  // "canary", "wave 1", "all"
  std::vector<std::string> targets;  // in the order of the fleet
};

// The canaries first, then waves of the sizes that `sizes` gives, then everyone else. `sizes` is empty or
// "1, 10%, 50%": numbers of targets, or parts of all of them, rounded up. Canaries that are not among
// `targets` are left out: they have nothing to do. Waves without targets are left out.
// Error{usage} for what is no such list.
std::vector<Wave> make_waves(std::vector<std::string> const& targets,
                             std::vector<std::string> const& canaries, std::string_view sizes);

// When a fleet run stops: "3" failed targets, "5%" of all of them; "" never.
class FailureLimit {
 public:
  // Error{usage} for another text.
  FailureLimit(std::string_view text, std::size_t targets);
  bool reached(std::size_t failures) const { return failures > 0 && failures >= most_; }

 private:
  std::size_t most_;
};

}  // namespace migrations
