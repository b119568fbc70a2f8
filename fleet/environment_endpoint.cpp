#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>

#include "fleet/environment.hpp"

namespace fleet {
namespace {

using Keywords = std::set<std::string>;

bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_secret_keyword(std::string_view name) { return name == "password" || name == "sslpassword"; }

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const digits = std::string(text.substr(at + (at < text.size() ? 1 : 0), 2));
    if (text[at] == '%' && digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos &&
        digits.size() == 2) {
      plain += static_cast<char>(std::stoi(digits, nullptr, 16));
      at += 2;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

bool uri_holds_password(std::string_view rest) {
  auto const query = std::min(rest.find('?'), rest.size());
  auto const authority = rest.substr(0, query);
  auto const at = authority.rfind('@'), colon = authority.find(':');
  if (at != authority.npos && colon < at && colon + 1 < at) return true;
  for (auto from = query; from < rest.size();) {
    auto const end = std::min(rest.find('&', from + 1), rest.size());
    auto const pair = rest.substr(from + 1, end - from - 1);
    auto const equals = pair.find('=');
    if (equals != pair.npos && equals + 1 < pair.size() && is_secret_keyword(decoded(pair.substr(0, equals))))
      return true;
    from = end;
  }
  return false;
}

// `keyword = value …`; a value in '…' or up to a blank, \ keeps the next character (libpq's conninfo_parse).
bool keywords_hold_password(std::string_view text) {
  std::size_t at = 0;
  auto const skip_blanks = [&] {
    while (at < text.size() && is_blank(text[at])) ++at;
  };
  while (skip_blanks(), at < text.size()) {
    auto const start = at;
    while (at < text.size() && text[at] != '=' && !is_blank(text[at])) ++at;
    auto const name = text.substr(start, at - start);
    skip_blanks();
    if (at == text.size() || text[at] != '=') {
      if (is_secret_keyword(name)) return at < text.size();  // broken, and yet something follows it
      continue;
    }
    ++at;
    skip_blanks();
    auto const quoted = at < text.size() && text[at] == '\'';
    std::size_t length = 0;
    for (at += quoted ? 1 : 0; at < text.size() && (quoted ? text[at] != '\'' : !is_blank(text[at])); ++at) {
      if (text[at] == '\\') ++at;
      ++length;
    }
    at = std::min(at + (quoted ? 1 : 0), text.size());
    if (length > 0 && is_secret_keyword(name)) return true;
  }
  return false;
}

// Keywords that `service` sets in one service file; nullopt when the file has no such section.
std::optional<Keywords> keywords_in(std::filesystem::path const& file, std::string const& service) {
  std::ifstream lines(file);
  std::optional<Keywords> found;
  for (std::string line; std::getline(lines, line);) {
    auto const text = trimmed(line);
    if (text.empty() || text[0] == '#') continue;
    if (text[0] == '[') {
      if (found) break;
      if (text == "[" + service + "]") found.emplace();
    } else if (found) {
      found->insert(std::string(trimmed(text.substr(0, text.find('=')))));
    }
  }
  return found;
}

std::filesystem::path home_file(char const* name) {
  auto const* const home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? std::filesystem::path() : std::filesystem::path(home) / name;
}

// What the service sets, where libpq looks for it: the user's file first, then the system's.
std::optional<Keywords> service_keywords(std::string const& service) {
  auto const* const named = std::getenv("PGSERVICEFILE");
  auto const* const folder = std::getenv("PGSYSCONFDIR");
  if (auto found = keywords_in(named != nullptr ? named : home_file(".pg_service.conf"), service))
    return found;
  return keywords_in(
      std::filesystem::path(folder != nullptr ? folder : "/etc/postgresql-common") / "pg_service.conf",
      service);
}

}  // namespace

bool holds_password(std::string_view dsn) {
  dsn = trimmed(dsn);
  for (std::string_view const scheme : {"postgresql://", "postgres://"})
    if (dsn.substr(0, scheme.size()) == scheme) return uri_holds_password(dsn.substr(scheme.size()));
  return keywords_hold_password(dsn);
}

StrayVariables take_postgres_variables() {
  StrayVariables taken;
  for (char const* const* entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view const text = *entry;
    auto const equals = text.find('=');
    if (text.substr(0, 2) != "PG" || equals == text.npos) continue;
    std::string const name(text.substr(0, equals));
    if (name != "PGSERVICEFILE" && name != "PGSYSCONFDIR") taken.emplace(name, text.substr(equals + 1));
  }
  for (auto const& [name, value] : taken) unsetenv(name.c_str());
  return taken;
}

Endpoint endpoint_of(std::string const& dsn, Secret const& password, std::string const& server_name,
                     StrayVariables const& variables, Driver& driver) {
  Endpoint endpoint;
  endpoint.keywords = driver.parse_dsn(dsn);
  endpoint.password = password;
  endpoint.server = server_name;
  auto& keywords = endpoint.keywords;
  for (auto const* none : {"password", "application_name", "client_encoding"}) keywords.erase(none);

  if (auto const named = variables.find("PGSERVICE"); named != variables.end() && !named->second.empty())
    keywords.try_emplace("service", named->second);
  std::optional<Keywords> given = Keywords();
  if (auto const service = keywords.find("service"); service != keywords.end())
    given = service_keywords(service->second);
  if (!given) return endpoint;  // libpq will say that the service is missing
  for (auto const& [keyword, value] : keywords) given->insert(keyword);
  if (given->count("host") > 0 || given->count("hostaddr") > 0) given->insert({"host", "hostaddr"});
  given->insert({"application_name", "client_encoding"});

  for (auto const& [variable, keyword] : driver.environment_keywords()) {
    auto const value = variables.find(variable);
    if (value == variables.end() || value->second.empty() || given->count(keyword) > 0) continue;
    if (keyword != "password") {
      keywords[keyword] = value->second;
    } else if (endpoint.password.empty()) {
      endpoint.password = Secret::parse("env:" + variable);
    }
  }
  auto const passfile = home_file(".pgpass");
  std::error_code failure;
  if (endpoint.password.empty() && given->count("password") == 0 && keywords.count("passfile") == 0 &&
      given->count("passfile") == 0 && !passfile.empty() && std::filesystem::exists(passfile, failure))
    keywords["passfile"] = passfile.string();
  return endpoint;
}

}  // namespace fleet
