#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace migrations {

// One comment that allows:
//   allow := "-- tenantsh: allow" RULE {"," RULE} reason ["until" YYYY-MM-DD]
// It covers the statement that it stands directly above; in a statement, the line below it; behind code, its
// own line; in the comments at the top of the file, with a blank line below them, the whole file.
struct Allow {
  std::vector<std::string> rules;
  std::string reason;
  std::string until;       // "2027-01-31", empty: for good
  std::size_t offset = 0;  // of the comment
  std::size_t begin = 0;   // what it covers
  std::size_t end = 0;
};

// Byte ranges of a text, in order.
using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

// The allow comments among `comments` (their ranges; "--" included). `statements` are the statements' ranges.
std::vector<Allow> read_allows(std::string_view text, Ranges const& comments, Ranges const& statements);

}  // namespace migrations
