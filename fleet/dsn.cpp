#include "fleet/dsn.hpp"

#include <algorithm>
#include <array>

namespace fleet {
namespace {

constexpr std::array<std::string_view, 5> leading{"host", "hostaddr", "port", "dbname", "user"};

void append(std::string& text, std::string_view keyword, std::string_view value) {
  if (value.empty()) return;
  if (!text.empty()) text += ' ';
  text += keyword;
  text += '=';
  text += dsn_value(value);
}

}  // namespace

std::string dsn_value(std::string_view text) {
  if (!text.empty() && text.find_first_of(" \t\n\r\f\v'\\") == text.npos) return std::string{text};
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string dsn_of(std::map<std::string, std::string> const& keywords) {
  std::string text;
  for (std::string_view keyword : leading)
    if (auto const found = keywords.find(std::string{keyword}); found != keywords.end())
      append(text, keyword, found->second);
  for (auto const& [keyword, value] : keywords)
    if (std::find(leading.begin(), leading.end(), keyword) == leading.end()) append(text, keyword, value);
  return text;
}

}  // namespace fleet
