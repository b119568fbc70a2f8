#pragma once

#include <map>
#include <string>

namespace fleet::postgres {

// See Driver. The reason in an error never repeats a part of the DSN that may be a password.
std::map<std::string, std::string> parse_dsn(std::string const& dsn);
std::map<std::string, std::string> environment_keywords();

}  // namespace fleet::postgres
