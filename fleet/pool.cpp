#include "fleet/pool.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "fleet/error.hpp"

namespace fleet {

// What a session is good for: who may have it next, and what counts it.
struct Pool::Lease::Place {
  std::string key;       // endpoint and options
  std::string server;    // host and port
  std::string database;  // server and database
  Access access;
  bool has_role;
};

namespace {

std::string server_key(Endpoint const& endpoint) {
  return endpoint.get("host") + '\0' + endpoint.get("hostaddr") + '\0' + endpoint.get("port");
}

std::string session_key(Endpoint const& endpoint, ConnectOptions const& options) {
  std::string key = endpoint.key();
  key += '\0';
  key += options.access == Access::read_only ? 'r' : 'w';
  key += std::to_string(options.statement_timeout_ms) + '\0' + std::to_string(options.lock_timeout_ms) +
         '\0' + options.role + '\0' + options.application_name;
  return key;
}

// Files this process may have open, less what the rest of it needs.
int connections_in_total() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return 100'000;
  return std::max(16, static_cast<int>(std::min<rlim_t>(files.rlim_cur, 100'000)) - 128);
}

// Twenty connections beside the reserved ones are left to the application and to people.
int ask_bound(Session& session) {
  auto answer = session.query(
      "select current_setting('max_connections')::int"
      " - current_setting('superuser_reserved_connections')::int - 20");
  return std::max(1, std::atoi(answer.value().value_or("1").c_str()));
}

}  // namespace

Pool::Pool(Driver& driver, Secrets& secrets, int limit_per_server)
    : driver_(driver),
      secrets_(secrets),
      limit_(std::max(1, limit_per_server)),
      total_limit_(connections_in_total()) {}

Pool::~Pool() = default;

bool Pool::may_open(PerServer const& server) const {
  if (server.open == 0) return true;
  if (server.open >= limit_) return false;
  return server.bound == 0 ? !server.asking : server.open < server.bound;
}

Pool::Idle Pool::remove(IdleList::iterator idle) {
  auto [from, to] = by_key_.equal_range(idle->place->key);
  by_key_.erase(std::find_if(from, to, [&](auto const& entry) { return entry.second == idle; }));
  Idle taken = std::move(*idle);
  idle_.erase(idle);
  return taken;
}

std::unique_ptr<Session> Pool::take_idle(std::string const& key) {
  auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : remove(found->second).session;
}

std::optional<Pool::Idle> Pool::evict(std::string const* server) {
  auto oldest = server ? std::find_if(idle_.begin(), idle_.end(),
                                      [&](Idle const& idle) { return idle.place->server == *server; })
                       : idle_.begin();
  if (oldest == idle_.end()) return std::nullopt;
  return remove(oldest);
}

void Pool::close(Idle idle) {
  idle.session.reset();
  forget(idle.place->server);
}

void Pool::forget(std::string const& server) {
  {
    std::lock_guard lock{mutex_};
    --servers_[server].open;
    --total_open_;
  }
  freed_.notify_all();
}

std::unique_ptr<Session> Pool::connect(Endpoint const& endpoint, ConnectOptions const& options,
                                       std::string const& server, bool asks) {
  int bound = 0;
  std::unique_ptr<Session> session;
  std::optional<Error> failure;
  try {
    session = driver_.connect(endpoint, secrets_, options);
    if (asks) bound = ask_bound(*session);
  } catch (Error const& error) {
    session.reset();
    failure = error;
  }
  std::unique_lock lock{mutex_};
  PerServer& state = servers_[server];
  if (asks) {
    state.asking = false;
    if (bound > 0) state.bound = bound;
  }
  bool const too_many = state.bound > 0 && state.open > state.bound;
  if (session && !too_many) {
    lock.unlock();
    if (asks) freed_.notify_all();
    return session;
  }
  --state.open;
  --total_open_;
  // Others use up the server's connections: make do with those we have, if any.
  bool const full = failure && failure->sqlstate == "53300" && state.open > 0;
  if (full) state.bound = state.open;
  lock.unlock();
  freed_.notify_all();
  if (failure && !full) throw Error{*failure};
  return nullptr;
}

Pool::Lease Pool::acquire(Endpoint const& endpoint, ConnectOptions const& options, std::stop_token stop) {
  auto place = std::make_shared<Lease::Place const>(Lease::Place{
      session_key(endpoint, options), server_key(endpoint),
      server_key(endpoint) + '\0' + endpoint.get("dbname"), options.access, !options.role.empty()});
  ConnectOptions stoppable = options;
  stoppable.stop = stop;
  for (;;) {
    std::unique_lock lock{mutex_};
    if (stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted before connecting"};
    if (auto session = take_idle(place->key)) {
      lock.unlock();
      if (session->is_open()) return Lease{*this, place, std::move(session), true};
      session.reset();
      forget(place->server);
      continue;
    }
    PerServer& server = servers_[place->server];
    bool const room = total_open_ < total_limit_;
    if (may_open(server) && room) {
      bool const asks = server.bound == 0 && server.open > 0;
      server.asking = server.asking || asks;
      ++server.open;
      ++total_open_;
      lock.unlock();
      if (auto session = connect(endpoint, stoppable, place->server, asks))
        return Lease{*this, place, std::move(session), false};
      continue;
    }
    // Making room only helps where something is full; while a bound is being asked there is nothing to do.
    auto const crowded = [&]() -> std::optional<std::string const*> {
      if (total_open_ >= total_limit_) return nullptr;
      if (server.bound > 0 || server.open >= limit_) return &place->server;
      return std::nullopt;
    };
    if (auto where = crowded())
      if (auto idle = evict(*where)) {
        lock.unlock();
        close(std::move(*idle));
        continue;
      }
    freed_.wait(lock, stop, [&] {
      auto const where = crowded();
      return by_key_.contains(place->key) || (may_open(server) && total_open_ < total_limit_) ||
             (where && std::any_of(idle_.begin(), idle_.end(), [&](Idle const& idle) {
                return !*where || idle.place->server == **where;
              }));
    });
  }
}

void Pool::give_back(std::shared_ptr<Lease::Place const> place, std::unique_ptr<Session> session, bool keep) {
  // The caller may have cancelled after its last statement was over.
  bool const inside = session->in_transaction();
  session->rollback();
  keep = keep && !inside && session->is_open();
  if (keep && place->access == Access::read_write) {
    // DISCARD ALL would undo the start-up role as well.
    keep = !place->has_role;
    try {
      if (keep) session->query("DISCARD ALL");
    } catch (Error const&) {
      keep = false;
    }
  }
  if (!keep) {
    session.reset();
    forget(place->server);
    return;
  }
  {
    std::lock_guard lock{mutex_};
    idle_.push_back({place, std::move(session)});
    by_key_.emplace(place->key, std::prev(idle_.end()));
  }
  freed_.notify_all();
}

void Pool::close_idle(Endpoint const& endpoint) {
  std::string const database = server_key(endpoint) + '\0' + endpoint.get("dbname");
  std::vector<Idle> closing;
  {
    std::lock_guard lock{mutex_};
    for (auto idle = idle_.begin(); idle != idle_.end();) {
      auto const next = std::next(idle);
      if (idle->place->database == database) closing.push_back(remove(idle));
      idle = next;
    }
  }
  for (Idle& idle : closing) close(std::move(idle));
}

void Pool::close_all() {
  for (;;) {
    std::unique_lock lock{mutex_};
    auto idle = evict(nullptr);
    lock.unlock();
    if (!idle) return;
    close(std::move(*idle));
  }
}

Pool::Lease::Lease(Pool& pool, std::shared_ptr<Place const> place, std::unique_ptr<Session> session,
                   bool reused)
    : pool_(&pool), place_(std::move(place)), session_(std::move(session)), reused_(reused) {}

Pool::Lease::~Lease() {
  if (session_) pool_->give_back(std::move(place_), std::move(session_), !discarded_);
}

}  // namespace fleet
