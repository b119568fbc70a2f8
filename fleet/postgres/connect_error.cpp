#include "fleet/postgres/connect_error.hpp"

#include <cctype>

namespace fleet::postgres {
namespace {

bool is_sqlstate(std::string_view text) {
  if (text.size() != 5) return false;
  for (char c : text)
    if (!std::isdigit(static_cast<unsigned char>(c)) && !(c >= 'A' && c <= 'Z')) return false;
  return true;
}

// "FATAL:  3D000: database …" → its SQLSTATE and the text behind it.
bool split_severity(std::string_view line, ConnectFailure& into) {
  auto colon = line.find(":  ");
  if (colon == std::string_view::npos) return false;
  std::string_view rest = line.substr(colon + 3);
  if (rest.size() < 7 || rest.substr(5, 2) != ": " || !is_sqlstate(rest.substr(0, 5))) return false;
  into.sqlstate = rest.substr(0, 5);
  into.reason = rest.substr(7);
  return true;
}

std::string next_action(Endpoint const& endpoint, ConnectFailure const& failure) {
  std::string const& state = failure.sqlstate;
  if (state == "3D000") return "create the database, or correct its name";
  if (state == "28P01" || state == "28000")
    return endpoint.password.empty()
               ? "no password reference is configured: give one, or a passfile with an entry for this login"
               : "check the user and the password behind " + endpoint.password.reference();
  if (state == "53300") return "the server has no free connection: close some, or lower --jobs";
  if (state == "57P03") return "the server is starting up or shutting down: try again";
  if (!state.empty()) return failure.hint;
  if (failure.reason.find("No such file or directory") != std::string::npos)
    return "no server has its socket there: start it (a sandbox: `tenantsh sandbox up`), or correct host and "
           "port";
  if (failure.reason.find("refused") != std::string::npos)
    return "nothing listens there: start the server, or correct host and port";
  if (failure.reason.find("translate host name") != std::string::npos) return "correct the host name";
  return "check host, port and the network between";
}

}  // namespace

ConnectFailure read_failure(std::string_view message) {
  ConnectFailure failure;
  std::string first;
  while (!message.empty()) {
    auto end = message.find('\n');
    std::string_view line = message.substr(0, end);
    message = end == std::string_view::npos ? std::string_view{} : message.substr(end + 1);
    // One attempt per address: "connection to server at … failed: …". The last that reached a server counts.
    if (auto at = line.find(" failed: "); at != std::string_view::npos) {
      line.remove_prefix(at + 9);
      if (split_severity(line, failure)) {
        failure.detail.clear();
        failure.hint.clear();
      } else if (failure.sqlstate.empty()) {
        failure.reason = line;
      }
    } else if (line.starts_with("DETAIL:  ")) {
      failure.detail = line.substr(9);
    } else if (line.starts_with("HINT:  ")) {
      failure.hint = line.substr(7);
    } else if (first.empty()) {
      first = line;
    }
  }
  if (failure.reason.empty()) failure.reason = first.empty() ? "no reason given" : first;
  if (failure.sqlstate.empty() && failure.reason.find("no password supplied") != std::string::npos)
    failure.sqlstate = "28P01";  // libpq's own words: it gave up before the server could
  return failure;
}

Error connect_error(Endpoint const& endpoint, ConnectOptions const& options, ConnectFailure const& failure) {
  // 22023: the role does not exist; 42501: this login is not a member of it.
  bool const role_refused = !options.role.empty() &&
                            (failure.sqlstate == "22023" || failure.sqlstate == "42501") &&
                            failure.reason.find("role") != std::string::npos;
  std::string message = role_refused
                            ? endpoint.describe() + " does not let " + endpoint.get("user") + " act as " +
                                  options.role + ": " + failure.reason
                            : "cannot connect to " + endpoint.describe() + " as " + endpoint.get("user") +
                                  ", database " + endpoint.get("dbname") + ": " + failure.reason;
  Error error{role_refused ? ErrorKind::refused : ErrorKind::connect, std::move(message)};
  error.sqlstate = failure.sqlstate;
  error.detail = failure.detail;
  error.hint = role_refused ? "`tenantsh run register_server` creates that role and grants it"
                            : next_action(endpoint, failure);
  error.server = endpoint.server;
  error.tenant = endpoint.tenant;
  return error;
}

}  // namespace fleet::postgres
