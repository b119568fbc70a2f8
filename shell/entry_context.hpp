#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shell {

// Where in an unfinished Lua text the cursor stands.
struct EntryContext {
  std::size_t word = 0;     // byte where the word before the cursor begins
  char before_word = '\0';  // the character before that word, blanks skipped; '\0': none
  bool in_string = false;
  std::size_t string = 0;  // byte of the string's first character
  bool in_comment = false;
  char bracket = '\0';  // innermost open one: ( { [
  std::size_t bracket_at = 0;
  std::string called;  // the chain before that bracket, or before an opening quote: "tenants:query"
  std::string chain;   // the chain before `word` when a dot or colon stands between: "tenants.acme"
  std::string key;     // in a table: the name whose value is being written
  int argument = 0;    // of the call: how many commas stand before the cursor
};
EntryContext context_at(std::string_view text, std::size_t cursor);

}  // namespace shell
