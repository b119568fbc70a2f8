#include "migrations/engine/problem.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "fleet/error.hpp"

namespace migrations {

namespace {

struct Known {
  ProblemKind kind;
  std::string_view word;
  bool acceptable;
};

constexpr std::array known{
    Known{ProblemKind::unreadable, "unreadable", false},
    Known{ProblemKind::bad_name, "bad_name", false},
    Known{ProblemKind::duplicate_number, "duplicate_number", true},
    Known{ProblemKind::gap, "gap", true},
    Known{ProblemKind::unpaired, "unpaired", false},
    Known{ProblemKind::wrong_wrapper, "wrong_wrapper", true},
    Known{ProblemKind::empty_file, "empty_file", false},
    Known{ProblemKind::not_utf8, "not_utf8", false},
    Known{ProblemKind::bad_header, "bad_header", false},
    Known{ProblemKind::meta_command, "meta_command", false},
    Known{ProblemKind::copy_from_stdin, "copy_from_stdin", false},
    Known{ProblemKind::transaction_control, "transaction_control", false},
    Known{ProblemKind::transaction_forbidden, "transaction_forbidden", false},
    Known{ProblemKind::unnamed_index, "unnamed_index", true},
    // The server may be newer than the parser in this program.
    Known{ProblemKind::syntax, "syntax", true},
    Known{ProblemKind::changed, "changed", true},
    Known{ProblemKind::missing, "missing", true},
    Known{ProblemKind::out_of_order, "out_of_order", true},
    Known{ProblemKind::no_runner, "no_runner", false},
    Known{ProblemKind::no_way_back, "no_way_back", false},
};

Known const& find(ProblemKind kind) {
  return *std::find_if(known.begin(), known.end(), [&](Known const& k) { return k.kind == kind; });
}

}  // namespace

std::string_view to_string(ProblemKind kind) { return find(kind).word; }

std::optional<ProblemKind> parse_problem_kind(std::string_view text) {
  for (Known const& k : known)
    if (k.word == text) return k.kind;
  return std::nullopt;
}

bool acceptable(ProblemKind kind) { return find(kind).acceptable; }

std::vector<std::string> acceptable_words() {
  std::vector<std::string> words;
  for (Known const& k : known)
    if (k.acceptable) words.emplace_back(k.word);
  return words;
}

std::vector<Problem> remaining(std::vector<Problem> const& problems, AcceptedProblems const& accepted) {
  std::vector<Problem> left;
  std::copy_if(problems.begin(), problems.end(), std::back_inserter(left), [&](Problem const& problem) {
    return !acceptable(problem.kind) || accepted.count(problem.kind) == 0;
  });
  return left;
}

void refuse(std::vector<Problem> const& problems) {
  Problem const& first = problems.front();
  std::string message = first.message;
  std::string detail;
  if (problems.size() > 1) {
    message += " (and " + std::to_string(problems.size() - 1) + " more)";
    for (Problem const& problem : problems) detail += (detail.empty() ? "" : "\n    ") + problem.message;
  }
  throw fleet::Error{fleet::ErrorKind::refused, std::move(message)}
      .with_detail(std::move(detail))
      .with_hint(first.hint);
}

void stop_at_problems(std::vector<Problem> const& problems, AcceptedProblems const& accepted) {
  std::vector<Problem> const left = remaining(problems, accepted);
  if (!left.empty()) refuse(left);
}

}  // namespace migrations
