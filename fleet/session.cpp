#include "fleet/session.hpp"

#include <utility>

namespace fleet {

std::string Endpoint::get(std::string const& keyword) const {
  auto found = keywords.find(keyword);
  return found == keywords.end() ? std::string{} : found->second;
}

Endpoint Endpoint::with_database(std::string name) const {
  Endpoint other = *this;
  other.keywords["dbname"] = std::move(name);
  return other;
}

std::string Endpoint::key() const {
  // A NUL cannot stand in a keyword or a value, so no two endpoints share a key by accident.
  std::string text = password.reference();
  for (auto const& [keyword, value] : keywords) {
    text += '\0';
    text += keyword;
    text += '\0';
    text += value;
  }
  return text;
}

std::string Endpoint::describe() const {
  std::string host = get("host");
  if (host.empty()) host = get("hostaddr");
  if (host.empty()) host = "local socket";
  std::string port = get("port");
  std::string place = port.empty() ? host : host + ":" + port;
  return server.empty() ? place : server + " (" + place + ")";
}

}  // namespace fleet
