// libFuzzer: each input is read as a file's name and as a file's text. Ends the process when something that
// is said about it is not true (tests/migrations/text_claims.hpp).

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/migrations/text_claims.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const input{reinterpret_cast<char const*>(data), size};
  for (std::string const& untrue :
       {tests::untrue_of_text(input), tests::untrue_of_name(input.substr(0, input.find('\n')))}) {
    if (untrue.empty()) continue;
    std::fprintf(stderr, "not true: %s\n", untrue.c_str());
    std::abort();
  }
  return 0;
}
