#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/clock.hpp"
#include "fleet/environment.hpp"
#include "fleet/error.hpp"
#include "fleet/pool.hpp"
#include "fleet/selection.hpp"
#include "fleet/streamed_rows.hpp"
#include "fleet/tenant.hpp"

namespace fleet {

// What one tenant answered.
struct Outcome {
  Tenant tenant;
  std::optional<Result> result;
  std::optional<Error> error;  // exactly one of the two
  std::chrono::milliseconds elapsed{};
};

enum class Afterwards { keep, close };

struct FanOutOptions {
  int jobs = 0;        // connections in use at once; 0: 32. Each server's bound (fleet/pool.hpp) holds anyway
  int timeout_ms = 0;  // per tenant and statement; 0: none
  int lock_timeout_ms = 0;  // how long a statement waits for a lock; 0: no limit
  // Of query() and stream(), for all tenants together: what runs then is cancelled on its server, what has
  // not begun never does, and both are Error{failed}; 0: no limit.
  int wall_timeout_ms = 0;
  std::stop_token stop;
  // Of each(): what becomes of the connection once no tenant is left that shares its database.
  Afterwards connections = Afterwards::keep;
};

struct FleetParts {
  Driver& driver;
  Secrets& secrets;
  Clock const& clock;
  Environment environment;
  StrayVariables variables;  // for the environment's own DSN only
  std::string application_name = "tenantsh";
  int connections_per_server =
      0;  // kept open at most; 0: Pool::default_limit. The server's own bound is lower
  // Fills in what only I/O tells (the sandbox: its master and first server); empty: nothing is missing.
  std::function<void(Environment&)> locate = {};
};

class Attempt;  // fleet/fan_out.hpp

// One environment: its master, servers and tenants, and how to ask them. The lists are read from the registry
// at first use and kept until refresh(). Thread-safe for concurrent queries.
class Fleet {
 public:
  explicit Fleet(FleetParts parts);

  // As configured; its addresses may still be missing.
  Environment const& environment() const { return parts_.environment; }
  // With its addresses, looked up at first use. Throws what FleetParts::locate throws, then tries again next
  // time.
  Environment const& located() const;
  Driver& driver() { return parts_.driver; }
  Secrets& secrets() { return parts_.secrets; }
  Clock const& clock() const { return parts_.clock; }
  Pool& pool() { return pool_; }
  // What our connections call themselves from now on: a run puts its id there, so that a backend of it that
  // outlives this process can be found.
  void name_work(std::string application_name) { parts_.application_name = std::move(application_name); }
  std::string const& application_name() const { return parts_.application_name; }

  Endpoint master() const;              // the control-plane database, as its admin
  Endpoint journal() const;             // where runs are kept: the environment's `journal`, else master
  Endpoint master_maintenance() const;  // database `postgres` on the master's server
  Endpoint endpoint(Server const& server) const;  // database `postgres` on that server, as its admin
  Endpoint endpoint(Tenant const& tenant);        // the tenant's database, as the server's admin

  std::vector<Server> const& servers();
  std::vector<Tenant> const& tenants();
  Server const& server(std::string const& name);  // Error{not_found} with the nearest name
  Tenant const& tenant(std::string const& slug);  // Error{not_found} with the nearest slug
  void refresh();
  // How many tenants there are if that was read already; asks nobody.
  std::optional<std::size_t> known_tenants() const;

  // One statement on every tenant, read-only three times over (reader role, read-only transaction, parse).
  // Outcomes in the order given. Error{refused} before any connection when the statement is no read. One
  // round trip per tenant; a kept connection that turns out dead is replaced once.
  std::vector<Outcome> query(std::vector<Tenant> const& tenants, Statement const& statement,
                             FanOutOptions const& options);
  // The same for rows of any number: they go to `target` as they come and are not kept. An outcome's Result
  // has no columns; `affected` is the number of rows. An Error of a tenant may follow rows that were written
  // (its detail says how many). Throws what the target's sink threw.
  std::vector<Outcome> stream(std::vector<Tenant> const& tenants, Statement const& statement,
                              FanOutOptions const& options, StreamTarget const& target);
  // The same as query() on one endpoint.
  Result read(Endpoint const& endpoint, Statement const& statement, int timeout_ms = 0,
              std::stop_token stop = {});
  // `work` per tenant on a worker thread with a read-write session, as the server's admin; used by migrations
  // and seeds. `stop` cancels what runs; a session whose work threw is closed.
  std::vector<Outcome> each(std::vector<Tenant> const& tenants, FanOutOptions const& options,
                            std::function<Result(Tenant const&, Session&)> const& work);

 private:
  enum class Lists { servers, tenants };
  std::vector<std::map<std::string, std::string>> read_list(ListSource const& source, Lists which);
  // `work` on a kept or a new session that only reads.
  Result ask(Endpoint const& endpoint, ConnectOptions const& options, std::stop_token const& stop,
             Attempt* attempt, std::function<Result(Session&)> const& work,
             std::function<bool()> const& may_repeat = {});
  ConnectOptions reading(int timeout_ms, int lock_timeout_ms = 0) const;
  std::vector<Outcome> over(std::vector<Tenant> const& tenants, FanOutOptions const& options,
                            std::function<Result(Tenant const&, Endpoint const&, Attempt&)> const& work,
                            std::function<void(std::size_t, Outcome const&)> const& ended = {});

  FleetParts parts_;
  Pool pool_;
  mutable std::recursive_mutex lists_;  // for the three below
  mutable std::optional<Environment> located_;
  std::optional<std::vector<Server>> servers_;
  std::optional<std::vector<Tenant>> tenants_;
};

// Rows of all outcomes as one Result: column `tenant` first, a tenant's own column of that name renamed
// tenant_2, a repeated one gets _2; tenants whose columns differ from most others' become errors that say so.
struct Merged {
  Result rows;
  std::vector<Error> failures;
};
Merged merge(std::vector<Outcome> outcomes);

}  // namespace fleet
