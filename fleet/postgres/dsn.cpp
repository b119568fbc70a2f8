#include "fleet/postgres/dsn.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/postgres/handle.hpp"

namespace fleet::postgres {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

// The part of a DSN in which a password can stand: between the first ':' behind the scheme and the last '@'
// of a URI, or everything from a keyword that starts with "pass" on.
std::pair<std::size_t, std::size_t> secret_part(std::string_view dsn) {
  if (auto scheme = dsn.find("://"); scheme != std::string_view::npos) {
    auto const colon = dsn.find(':', scheme + 3), at = dsn.rfind('@');
    auto const word = dsn.find("pass");
    if (word != std::string_view::npos && (at == std::string_view::npos || word > at))
      return {word, dsn.size()};
    if (colon != std::string_view::npos && at != std::string_view::npos && colon < at) return {colon, at + 1};
    return {dsn.size(), dsn.size()};
  }
  auto const word = dsn.find("pass");
  return {word == std::string_view::npos ? dsn.size() : word, dsn.size()};
}

// libpq quotes what it stumbled over; a quotation that touches the secret part is cut out.
std::string without_secret(std::string reason, std::string_view dsn) {
  auto const [from, to] = secret_part(dsn);
  std::size_t open = reason.find('"');
  while (open != std::string::npos) {
    auto const close = reason.find('"', open + 1);
    if (close == std::string::npos) break;
    std::string const quoted = reason.substr(open + 1, close - open - 1);
    auto const at = quoted.empty() ? std::string_view::npos : dsn.rfind(quoted);
    if (quoted != "=" && at != std::string_view::npos && at < to && at + quoted.size() > from) {
      reason.replace(open + 1, quoted.size(), "…");
      open = reason.find('"', open + 5);
    } else {
      open = reason.find('"', close + 1);
    }
  }
  return reason;
}

}  // namespace

std::map<std::string, std::string> parse_dsn(std::string const& dsn) {
  if (dsn.find('\0') != std::string::npos) throw Error{ErrorKind::config, "the DSN holds a NUL byte"};
  char* message = nullptr;
  Options options{PQconninfoParse(dsn.c_str(), &message)};
  if (!options) {
    std::string reason = without_secret(one_line(message), dsn);
    PQfreemem(message);
    throw Error{ErrorKind::config, "not a PostgreSQL connection string: " + reason}.with_hint(
        "write host=… port=… dbname=… user=…, or postgresql://user@host:port/database");
  }
  std::map<std::string, std::string> keywords;
  for (PQconninfoOption* option = options.get(); option->keyword; ++option)
    if (option->val) keywords[option->keyword] = option->val;
  return keywords;
}

std::map<std::string, std::string> environment_keywords() {
  // Parsing nothing lists the options without looking at the environment or a service file.
  Options options{PQconninfoParse("", nullptr)};
  std::map<std::string, std::string> variables;
  for (PQconninfoOption* option = options.get(); option && option->keyword; ++option)
    if (option->envvar) variables[option->envvar] = option->keyword;
  return variables;
}

}  // namespace fleet::postgres
