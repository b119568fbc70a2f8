#include "migrations/engine/lock.hpp"

#include <algorithm>
#include <exception>
#include <optional>

#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/process.hpp"
#include "migrations/engine/pause.hpp"

namespace migrations {

namespace {

using namespace std::chrono_literals;

// The backend that answers must be the one that was connected to, or the lock would be taken in some backend
// of the pool and stay there: only that one takes it.
bool try_lock(fleet::Session& session, std::int64_t key) {
  fleet::Result const answer = session.query(
      {"select pg_catalog.pg_backend_pid(), case when pg_catalog.pg_backend_pid() = $2::integer "
       "then pg_catalog.pg_try_advisory_lock($1::bigint) end",
       {std::to_string(key), std::to_string(session.backend_pid())}});
  if (auto const taken = answer.at(0, std::size_t{1})) return *taken == "t";
  std::string const answering{answer.at(0, std::size_t{0}).value_or("")};
  throw fleet::Error{fleet::ErrorKind::refused, "a connection pooler stands between us and " +
                                                    session.database() + " (connected to backend " +
                                                    std::to_string(session.backend_pid()) + ", answered by " +
                                                    answering + ")"}
      .with_hint(
          "migrations hold a session lock: connect past the pooler (direct_master in tenantsh.toml, or the "
          "server's own host and port)");
}

fleet::Error held(fleet::Session& session, LockHolder const& holder) {
  return fleet::Error{fleet::ErrorKind::locked,
                      "another run migrates " + session.database() + ": backend " +
                          std::to_string(holder.backend_pid) + ", " +
                          (holder.application_name.empty() ? "unnamed" : holder.application_name)}
      .with_detail(holder.describe())
      .with_hint(holder.client == LockHolder::Client::dead
                     ? "its client is gone; end what it left behind: tenantsh migrate unlock"
                     : "wait for it; if it hangs, look at it and end it: tenantsh migrate unlock");
}

}  // namespace

std::int64_t lock_key(std::string_view database, Target const& target) {
  std::uint64_t hash = 14695981039346656037ULL;
  auto add = [&](std::string_view text) {
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  };
  for (std::string_view part :
       {std::string_view{"tenantsh:"}, database, std::string_view{":"}, to_string(target.scope),
        std::string_view{":"}, std::string_view{target.schema_name}})
    add(part);
  return static_cast<std::int64_t>(hash);
}

LockHolder::Client client_of(std::string const& application_name) {
  fleet::Operator const us = fleet::this_operator();
  fleet::ApplicationName const name = fleet::parse_application_name(application_name);
  // Our own host as it would stand there: the name is cut.
  std::string const here = fleet::parse_application_name(us.application_name("")).host;
  if (name.process.pid <= 0 || name.process.start_time.empty() || name.host != here)
    return LockHolder::Client::unknown;
  return fleet::is_alive(name.process) ? LockHolder::Client::alive : LockHolder::Client::dead;
}

std::string LockHolder::describe() const {
  std::string text = (application_name.empty() ? "unnamed" : application_name) + " (backend " +
                     std::to_string(backend_pid) + ", user " + user + ", from " + client_host + ")";
  if (!since.empty()) text += "\nconnected since " + since;
  if (!statement.empty())
    text += "\n" + (state.empty() ? "state unknown" : state) + " since " + statement_since + ": " + statement;
  if (client == Client::dead) text += "\nits client process on this host is dead";
  if (client == Client::alive) text += "\nits client process on this host is alive";
  return text;
}

std::vector<LockHolder> holders(fleet::Session& session, Target const& target) {
  fleet::Result const rows = session.query({R"sql(
    select a.pid, coalesce(extract(epoch from a.backend_start)::text, '') as backend_start, a.application_name, a.usename as user_name,
           coalesce(pg_catalog.host(a.client_addr), 'local socket') as client_host,
           pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
           a.state, pg_catalog.left(pg_catalog.regexp_replace(a.query, '\s+', ' ', 'g'), 200) as statement,
           pg_catalog.to_char(coalesce(a.query_start, a.backend_start) at time zone 'UTC',
                              'YYYY-MM-DD"T"HH24:MI:SS"Z"') as statement_since
      from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
       and (l.classid::bigint << 32) | l.objid::bigint = $1::bigint)sql",
                                            {std::to_string(lock_key(session.database(), target))}});
  std::vector<LockHolder> found;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    LockHolder holder;
    holder.backend_pid = std::stoi(rows.text(row, "pid"));
    holder.backend_start = rows.text(row, "backend_start");
    holder.application_name = rows.text(row, "application_name");
    holder.user = rows.text(row, "user_name");
    holder.client_host = rows.text(row, "client_host");
    holder.since = rows.text(row, "since");
    holder.state = rows.text(row, "state");
    holder.statement = rows.text(row, "statement");
    holder.statement_since = rows.text(row, "statement_since");
    holder.client = client_of(holder.application_name);
    found.push_back(std::move(holder));
  }
  return found;
}

void terminate(fleet::Session& session, Target const& target, LockHolder const& holder) {
  auto same = [&](LockHolder const& other) {
    return other.backend_pid == holder.backend_pid && other.backend_start == holder.backend_start;
  };
  std::vector<LockHolder> const now = holders(session, target);
  if (now.empty()) return;
  if (std::none_of(now.begin(), now.end(), same))
    throw fleet::Error{fleet::ErrorKind::refused, "the lock changed hands meanwhile; nothing was ended"}
        .with_detail(now.front().describe())
        .with_hint("look at the new holder first: tenantsh migrate unlock");
  session.query(
      {"select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity "
       "where pid = $1::integer and coalesce(extract(epoch from backend_start)::text, '') = $2",
       {std::to_string(holder.backend_pid), holder.backend_start}});
  for (int poll = 0; poll < 100; ++poll) {
    std::vector<LockHolder> const left = holders(session, target);
    if (std::none_of(left.begin(), left.end(), same)) return;
    pause(100ms, {});
  }
  throw fleet::Error{fleet::ErrorKind::failed, "backend " + std::to_string(holder.backend_pid) +
                                                   " was told to end and still holds the lock"};
}

Lock::Lock(fleet::Session& session, Target target, LockOptions const& options)
    : session_(session), key_(lock_key(session.database(), target)) {
  auto const deadline = std::chrono::steady_clock::now() + options.wait;
  bool told = false;
  while (!try_lock(session_, key_)) {
    std::vector<LockHolder> const now = holders(session_, target);
    if (!now.empty() && !told) {
      told = true;
      if (options.on_wait) options.on_wait(now.front());
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      if (now.empty() && try_lock(session_, key_)) return;
      throw held(session_, now.empty() ? LockHolder{} : now.front());
    }
    if (!pause(std::min<std::chrono::milliseconds>(100ms, options.wait), options.stop))
      throw fleet::Error{fleet::ErrorKind::interrupted,
                         "stopped while waiting for another run; nothing was done"};
  }
}

Lock::~Lock() {
  if (!session_.is_open()) return;  // the lock went with the backend
  session_.rollback();              // also forgets a stop, which would fall on the unlock
  try {
    session_.query({"select pg_catalog.pg_advisory_unlock($1::bigint)", {std::to_string(key_)}});
  } catch (std::exception const&) {  // the connection broke just now: the lock goes with it
  }
}

}  // namespace migrations
