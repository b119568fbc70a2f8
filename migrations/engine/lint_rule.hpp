#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace migrations {

enum class Severity { info, warning, error };
std::string_view to_string(Severity severity);

// Which SQL a file is written in. `tsql`: SQL Server's, read for the house's conventions only.
enum class Profile { postgresql, tsql };

// One row of the table that lint, help, JSON and SARIF read.
struct Rule {
  enum class When { always, asked };                    // asked: only with `enable` or a setting of its own
  enum class For { postgresql, tsql, both, comments };  // comments: `-- tenantsh: allow` itself

  std::string_view id;  // squawk's name where squawk has the rule
  Severity severity;
  For profile;
  When when;
  std::string_view brief;  // what is found
  std::string_view why;    // what it costs; lock and version where they matter
  std::string_view fix;    // what would be right
  std::string_view peers;  // names of the same rule elsewhere: "sq: …", "SM: …", "At: …", "E: …", "pf: …"
};

std::vector<Rule> const& rules();
// nullptr for an id that is none.
Rule const* find_rule(std::string_view id);
// All ids, for messages that suggest the nearest.
std::vector<std::string> rule_ids();

// Help pages: all rules by subject; one rule.
std::string rules_text();
std::string rule_text(Rule const& rule);

}  // namespace migrations
