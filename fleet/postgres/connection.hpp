#pragma once

#include <pqxx/connection_base>
#include <pqxx/connectionpolicy>
#include <pqxx/except>

#include "fleet/postgres/handle.hpp"

namespace fleet::postgres {

// libpqxx asks its policy for the connection whenever it finds it closed, which is how 6.4 reconnects
// silently, locks and settings gone. This one hands out the connection it was given and never makes another.
class AdoptOnce : public pqxx::connectionpolicy {
 public:
  explicit AdoptOnce(Handle open) : connectionpolicy(std::string{}), open_(std::move(open)) {}

  handle do_startconnect(handle original) override {
    if (!original && open_) return open_.release();
    // libpqxx calls this twice while it starts, the second time with what the first call returned.
    if (original && PQstatus(original) == CONNECTION_OK) return original;
    throw pqxx::broken_connection{"the connection was lost"};
  }
  handle do_completeconnect(handle original) override { return original; }
  handle do_dropconnect(handle original) noexcept override { return original; }

 private:
  Handle open_;
};

// An open connection as libpqxx sees it: owned, closed and quoted for by libpqxx.
class Connection final : private AdoptOnce, public pqxx::connection_base {
 public:
  explicit Connection(Handle open)
      : AdoptOnce(std::move(open)), connection_base(static_cast<pqxx::connectionpolicy&>(*this)) {
    init();
  }
  ~Connection() noexcept { close(); }
};

}  // namespace fleet::postgres
