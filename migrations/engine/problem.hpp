#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

enum class ProblemKind {
  // of the folder, found while it is read
  unreadable,
  bad_name,
  duplicate_number,
  gap,
  unpaired,
  wrong_wrapper,
  empty_file,
  not_utf8,
  bad_header,
  // of a file's text, found by MigrationSet::check(); they matter while the file is pending
  meta_command,
  copy_from_stdin,
  transaction_control,
  transaction_forbidden,
  unnamed_index,
  syntax,
  // of the files against what a target has
  changed,
  missing,
  out_of_order,
  no_runner,
  // in the way of going back
  no_way_back,
};

// "duplicate_number": the word an operator accepts it by.
std::string_view to_string(ProblemKind kind);
std::optional<ProblemKind> parse_problem_kind(std::string_view text);
// Whether `up` can go on in spite of it when told so; the others have no meaning to go on with.
bool acceptable(ProblemKind kind);
std::vector<std::string> acceptable_words();

// One thing that is wrong, named before anything runs.
struct Problem {
  ProblemKind kind;
  std::string name;     // the file, as in the folder or in the ledger
  std::string message;  // "055_x.sql: …" or "055_x.sql:12: …"
  std::string hint;     // what to do next
};

using AcceptedProblems = std::set<ProblemKind>;

// Those of `problems` that are not accepted.
std::vector<Problem> remaining(std::vector<Problem> const& problems, AcceptedProblems const& accepted);
// Throws Error{refused}: the first one as the message, all of them as the detail. Precondition: not empty.
[[noreturn]] void refuse(std::vector<Problem> const& problems);
// Refuses what is left of `problems`, if any is.
void stop_at_problems(std::vector<Problem> const& problems, AcceptedProblems const& accepted);

}  // namespace migrations
