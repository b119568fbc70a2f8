#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "fleet/session.hpp"

namespace fleet {

// Open connections, kept and bounded per server (host and port): at most
// min(limit, max_connections − reserved − 20) of them, asked from the server once, when a second connection
// to it is wanted. All servers together stay below this process's limit of open files. Least recently used
// idle ones are closed first. Thread-safe. The pool outlives its leases.
class Pool {
 public:
  static constexpr int default_limit = 512;

  Pool(Driver& driver, Secrets& secrets, int limit_per_server = default_limit);
  ~Pool();
  Pool(Pool const&) = delete;
  Pool& operator=(Pool const&) = delete;

  // Gives its session back when it ends, unless it is broken, discarded or still inside a transaction. A
  // read-write session is cleaned first (DISCARD ALL): settings, temporary tables and locks do not travel.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Session& operator*() const { return *session_; }
    Session* operator->() const { return session_.get(); }
    // The session was idle in the pool: its server may have gone since.
    bool reused() const { return reused_; }
    // Closes the session instead of giving it back.
    void discard() { discarded_ = true; }

   private:
    friend class Pool;
    struct Place;
    Lease(Pool& pool, std::shared_ptr<Place const> place, std::unique_ptr<Session> session, bool reused);
    Pool* pool_;
    std::shared_ptr<Place const> place_;
    std::unique_ptr<Session> session_;
    bool reused_ = false;
    bool discarded_ = false;
  };

  // Waits while the server's bound is reached; Error{interrupted} when `stop` is requested meanwhile.
  // Sessions are shared between callers that ask for the same endpoint and the same options, `stop` apart.
  Lease acquire(Endpoint const& endpoint, ConnectOptions const& options, std::stop_token stop = {});
  // Closes idle connections to one database, whoever is logged in there (before a rename or a drop).
  void close_idle(Endpoint const& endpoint);
  void close_all();

 private:
  struct Idle {
    std::shared_ptr<Lease::Place const> place;
    std::unique_ptr<Session> session;
  };
  using IdleList = std::list<Idle>;  // front: least recently used
  struct PerServer {
    int bound = 0;        // what the server allows us; 0: not asked yet
    int open = 0;         // leased, idle and being connected
    bool asking = false;  // somebody is finding out
  };

  // All with mutex_ held.
  bool may_open(PerServer const& server) const;
  std::unique_ptr<Session> take_idle(std::string const& key);
  // Takes the least recently used idle session (of one server) out of the pool, for closing. It counts as
  // open until it is closed.
  std::optional<Idle> evict(std::string const* server);
  Idle remove(IdleList::iterator idle);

  std::unique_ptr<Session> connect(Endpoint const& endpoint, ConnectOptions const& options,
                                   std::string const& server, bool asks);
  void give_back(std::shared_ptr<Lease::Place const> place, std::unique_ptr<Session> session, bool keep);
  void close(Idle idle);
  void forget(std::string const& server);  // a session of it was closed

  Driver& driver_;
  Secrets& secrets_;
  int limit_;
  int total_limit_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::map<std::string, PerServer> servers_;
  int total_open_ = 0;
  IdleList idle_;
  std::unordered_multimap<std::string, IdleList::iterator> by_key_;
};

}  // namespace fleet
