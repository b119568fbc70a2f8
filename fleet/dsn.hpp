#pragma once

#include <map>
#include <string>
#include <string_view>

namespace fleet {

// A value in libpq's keyword=value form: in single quotes when it must be, with ' and \ escaped.
std::string dsn_value(std::string_view text);

// libpq's keyword=value form of `keywords`, empty ones left out: host, hostaddr, port, dbname and user come
// first, the rest by name. Driver::parse_dsn reads it back.
std::string dsn_of(std::map<std::string, std::string> const& keywords);

}  // namespace fleet
