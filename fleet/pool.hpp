#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "fleet/session.hpp"

namespace fleet {

// Open connections, kept and bounded per server (host and port): at most
// min(limit, max_connections − reserved − 20) of them, asked from the server once. Least recently used idle
// ones are closed first. Thread-safe; a Lease gives its session back when it ends, unless it is broken or
// still inside a transaction.
class Pool {
 public:
  Pool(Driver& driver, Secrets& secrets, int limit_per_server = 64);
  ~Pool();

  class Lease {
   public:
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Session& operator*() const { return *session_; }
    Session* operator->() const { return session_.get(); }

   private:
    friend class Pool;
    Lease(Pool& pool, std::string server_key, std::string key, std::unique_ptr<Session> session);
    Pool* pool_;
    std::string server_key_, key_;
    std::unique_ptr<Session> session_;
  };

  // Waits while the server's bound is reached; Error{interrupted} when `stop` is requested meanwhile.
  Lease acquire(Endpoint const& endpoint, ConnectOptions const& options, std::stop_token stop = {});
  // Closes idle connections to one database (before a rename or a drop).
  void close_idle(Endpoint const& endpoint);
  void close_all();

 private:
  struct Idle {
    std::string key;
    std::unique_ptr<Session> session;
  };
  struct PerServer {
    int limit = 0;  // 0: not asked yet
    int open = 0;
    std::list<Idle> idle;  // front: least recently used
  };
  void give_back(std::string const& server_key, std::string key, std::unique_ptr<Session> session);
  int server_limit(Session& session) const;

  Driver& driver_;
  Secrets& secrets_;
  int limit_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::map<std::string, PerServer> servers_;
};

}  // namespace fleet
