#include "fleet/postgres/handle.hpp"

#include <openssl/crypto.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "fleet/postgres/connect_error.hpp"
#include "fleet/postgres/dsn.hpp"
#include "fleet/postgres/pooler.hpp"

namespace fleet::postgres {
namespace {

using Keywords = std::map<std::string, std::string>;
using SteadyClock = std::chrono::steady_clock;

// libpq fills every keyword that is not given from its environment variable, and an empty value counts as not
// given, so nothing we could pass would keep PGSERVICE or PGHOSTADDR out.
void refuse_stray_variables() {
  static std::vector<std::string> const variables = [] {
    std::vector<std::string> names{"PGTZ", "PGDATESTYLE", "PGGEQO"};
    for (auto const& [variable, keyword] : environment_keywords()) names.push_back(variable);
    return names;
  }();
  for (std::string const& name : variables)
    if (std::getenv(name.c_str()))
      throw Error{ErrorKind::refused,
                  "the environment variable " + name + " would lead this connection astray"}
          .with_hint("unset it: an environment's own DSN in tenantsh.toml is the place for it");
}

// In a start-up `options` string a backslash keeps a space inside a value.
std::string option(std::string const& name, std::string const& value) {
  std::string text = "-c " + name + "=";
  for (char c : value) {
    if (c == ' ' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

struct Settings {
  std::string name, value;
};

std::vector<Settings> session_settings(ConnectOptions const& options) {
  std::vector<Settings> settings;
  if (options.access == Access::read_only) settings.push_back({"default_transaction_read_only", "on"});
  if (!options.role.empty()) settings.push_back({"role", options.role});
  if (options.statement_timeout_ms > 0)
    settings.push_back({"statement_timeout", std::to_string(options.statement_timeout_ms)});
  if (options.lock_timeout_ms > 0)
    settings.push_back({"lock_timeout", std::to_string(options.lock_timeout_ms)});
  return settings;
}

std::string cut_to_63_bytes(std::string text) {
  if (text.size() <= 63) return text;
  std::size_t end = 63;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // whole characters
  text.resize(end);
  return text;
}

Keywords complete(Endpoint const& endpoint, ConnectOptions const& options) {
  Keywords keywords = endpoint.keywords;
  if (keywords.contains("password"))
    throw Error{ErrorKind::config,
                "a password stands among the connection keywords of " + endpoint.describe()}
        .with_hint("give a reference instead: env:NAME, file:PATH, exec:COMMAND, azure:VAULT/NAME");
  for (auto const& [keyword, value] : keywords)
    if (value.find('\0') != std::string::npos)
      throw Error{ErrorKind::usage, "the connection keyword " + keyword + " holds a NUL byte"};

  std::string start_up = keywords["options"];
  for (Settings const& setting : session_settings(options))
    start_up += (start_up.empty() ? "" : " ") + option(setting.name, setting.value);
  keywords["options"] = start_up;
  keywords["client_encoding"] = "UTF8";
  if (!options.application_name.empty())
    keywords["application_name"] = cut_to_63_bytes(options.application_name);
  // A path that cannot exist: without one libpq would read ~/.pgpass, which belongs to the person, not the
  // fleet. A service may name its own.
  if (!keywords.contains("service")) keywords.try_emplace("passfile", "/nonexistent/tenantsh-passfile");
  // A peer that vanished (a firewall that forgot us, a host that lost power) is noticed after a minute.
  keywords.try_emplace("keepalives_idle", "30");
  keywords.try_emplace("keepalives_interval", "10");
  keywords.try_emplace("keepalives_count", "3");
  keywords.try_emplace("tcp_user_timeout", "60000");
  return keywords;
}

std::vector<std::string> split_commas(std::string const& text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t comma; (comma = text.find(',', from)) != std::string::npos; from = comma + 1)
    parts.push_back(text.substr(from, comma - from));
  parts.push_back(text.substr(from));
  return parts;
}

// One keyword map per host of the list. The asynchronous interface has no time limit per host, so a silent
// first host would use up the time of those behind it.
std::vector<Keywords> one_per_host(Keywords const& keywords) {
  auto value = [&](char const* keyword) {
    auto found = keywords.find(keyword);
    return found == keywords.end() ? std::string{} : found->second;
  };
  auto hosts = split_commas(value("host")), addresses = split_commas(value("hostaddr")),
       ports = split_commas(value("port"));
  std::size_t const count = std::max(hosts.size(), addresses.size());
  if (count == 1) return {keywords};
  std::vector<Keywords> all;
  auto pick = [](std::vector<std::string> const& list, std::size_t i) {
    return i < list.size() ? list[i] : list.size() == 1 ? list[0] : std::string{};
  };
  bool const prefers_standby = value("target_session_attrs") == "prefer-standby";
  for (int pass = 0; pass < (prefers_standby ? 2 : 1); ++pass)
    for (std::size_t i = 0; i < count; ++i) {
      Keywords one = keywords;
      one["host"] = pick(hosts, i);
      one["hostaddr"] = pick(addresses, i);
      one["port"] = pick(ports, i);
      if (prefers_standby) one["target_session_attrs"] = pass == 0 ? "standby" : "any";
      all.push_back(std::move(one));
    }
  return all;
}

void ignore_notice(void*, PGresult const*) {}

Handle start(Keywords const& keywords, std::string const& password) {
  std::vector<char const*> names, values;
  for (auto const& [keyword, value] : keywords) {
    names.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  if (!password.empty()) {
    names.push_back("password");
    values.push_back(password.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Handle handle{PQconnectStartParams(names.data(), values.data(), 0)};
  if (!handle) throw std::bad_alloc{};
  PQsetErrorVerbosity(handle.get(), PQERRORS_VERBOSE);  // puts the SQLSTATE into the message
  PQsetNoticeReceiver(handle.get(), ignore_notice, nullptr);
  return handle;
}

// Runs the attempt to its end. False when the time is over.
bool complete_attempt(PGconn* handle, int timeout_s, std::stop_token const& stop) {
  auto const deadline = SteadyClock::now() + std::chrono::seconds{timeout_s};
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
    // Without anybody who could stop us or any limit there is nothing to wake up for.
    int wait_ms = stop.stop_possible() ? 100 : -1;
    if (timeout_s > 0) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
      if (left <= 0) return false;
      wait_ms = wait_ms < 0 ? static_cast<int>(left) : std::min(wait_ms, static_cast<int>(left));
    }
    pollfd wait{PQsocket(handle), static_cast<short>(next == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    int const ready = poll(&wait, 1, wait_ms);
    if (stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted while connecting"};
    if (ready > 0 || (ready < 0 && errno != EINTR)) next = PQconnectPoll(handle);
  }
  return true;
}

std::string place_of(Keywords const& keywords) {
  std::string place;
  for (char const* keyword : {"service", "host", "hostaddr", "port"}) {
    auto const found = keywords.find(keyword);
    place += (found == keywords.end() ? std::string{} : found->second) + '\n';
  }
  return place;
}

// The settings for a transaction behind a pooler. Values are read as ISO text there too, whoever used that
// backend before us.
std::string local_settings(PGconn* handle, ConnectOptions const& options) {
  std::string sql = "SET LOCAL datestyle = 'ISO'";
  for (Settings const& setting : session_settings(options)) {
    if (setting.name == "default_transaction_read_only") continue;  // BEGIN says it
    char* quoted = PQescapeLiteral(handle, setting.value.c_str(), setting.value.size());
    if (quoted) sql += "; SET LOCAL " + setting.name + " = " + quoted;
    PQfreemem(quoted);
  }
  return sql;
}

// Every value is read as ISO text. Reported by the server, so that the usual case costs nothing.
void read_iso_dates(PGconn* handle) {
  char const* style = PQparameterStatus(handle, "DateStyle");
  if (!style || std::string_view{style}.starts_with("ISO")) return;
  Answer answer{PQexec(handle, "SET datestyle = 'ISO'")};
  if (PQresultStatus(answer.get()) == PGRES_COMMAND_OK) return;
  Error error{ErrorKind::connect, "the server refuses the session's settings: " +
                                      one_line(PQresultErrorField(answer.get(), PG_DIAG_MESSAGE_PRIMARY))};
  if (char const* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE)) error.sqlstate = state;
  throw error;
}

}  // namespace

std::string one_line(char const* message) {
  std::string text = message ? message : "";
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

Opened open_handle(Endpoint const& endpoint, Secrets& secrets, ConnectOptions const& options) {
  refuse_stray_variables();
  std::vector<Keywords> candidates = one_per_host(complete(endpoint, options));
  int timeout_s = options.connect_timeout_s;
  if (std::string own = endpoint.get("connect_timeout"); !own.empty()) timeout_s = std::atoi(own.c_str());

  struct Wiped {
    std::string value;
    ~Wiped() { OPENSSL_cleanse(value.data(), value.size()); }
  } password{endpoint.password.empty() ? std::string{} : secrets.resolve(endpoint.password)};
  if (password.value.find('\0') != std::string::npos)
    throw Error{ErrorKind::config, "the value behind " + endpoint.password.reference() + " holds a NUL byte"};

  ConnectFailure failure;
  bool const has_settings = !session_settings(options).empty();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Keywords& keywords = candidates[i];
    if (options.stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted before connecting"};
    std::string const place = place_of(keywords);
    bool const by_start_up = has_settings && known_route(place) != Route::pooled;
    if (!by_start_up) keywords["options"] = endpoint.get("options");
    Handle handle = start(keywords, password.value);
    if (PQstatus(handle.get()) != CONNECTION_BAD &&
        !complete_attempt(handle.get(), timeout_s, options.stop)) {
      failure = {"no answer within " + std::to_string(timeout_s) + " s", "", "", ""};
      continue;
    }
    if (PQstatus(handle.get()) == CONNECTION_OK) {
      std::string settings;
      if (has_settings && find_route(place, handle.get()) == Route::pooled)
        settings = local_settings(handle.get(), options);
      else
        read_iso_dates(handle.get());
      return {std::move(handle), std::move(settings)};
    }
    failure = read_failure(PQerrorMessage(handle.get()));
    // A pooler that refuses `options`. What the endpoint itself wants there has nothing to replace it.
    if (failure.sqlstate == "08P01" && by_start_up && endpoint.get("options").empty()) {
      note_route(place, Route::pooled);
      --i;  // the same host again, without
    }
  }
  Error error = connect_error(endpoint, options, failure);
  error.message = secrets.redact(std::move(error.message));
  error.detail = secrets.redact(std::move(error.detail));
  throw error;
}

}  // namespace fleet::postgres
