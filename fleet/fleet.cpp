#include "fleet/fleet.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/fan_out.hpp"
#include "fleet/registry.hpp"

namespace fleet {
namespace {

constexpr char const* reader_role = "tenantsh_reader";

template <typename Thing>
Thing const& find_named(std::vector<Thing> const& list, std::string Thing::*name, std::string const& wanted,
                        char const* what) {
  auto found =
      std::find_if(list.begin(), list.end(), [&](Thing const& thing) { return thing.*name == wanted; });
  if (found != list.end()) return *found;
  std::vector<std::string> names;
  for (Thing const& thing : list) names.push_back(thing.*name);
  Error error{ErrorKind::not_found, "there is no " + std::string{what} + " \"" + wanted + "\""};
  if (std::string const near = nearest(wanted, names); !near.empty())
    error.hint = "did you mean " + near + "?";
  throw error;
}

// Throws Error{refused} unless the text is one statement that only reads.
void require_read(Statement const& statement) {
  StatementFacts const facts = examine_statement(statement.sql);
  if (facts.statements == 0) throw Error{ErrorKind::usage, "there is no statement to run"};
  if (facts.statements > 1)
    throw Error{ErrorKind::refused, "a query is one statement; here are " + std::to_string(facts.statements)};
  if (facts.effect == StatementEffect::read) return;
  std::string functions;
  for (std::string const& name : facts.functions) functions += (functions.empty() ? "" : ", ") + name;
  Error error{ErrorKind::refused,
              "this is not a read: " + facts.verb + (functions.empty() ? "" : " (" + functions + ")")};
  error.hint = "queries only read; execute writes, and shows what it did before it is kept";
  error.statement = statement.sql;
  throw error;
}

// Ends a fan-out's statements when its time is over, or when the caller's stop token says so.
class WallClock {
 public:
  explicit WallClock(FanOutOptions const& options)
      : options_(options), limit_ms_(options.wall_timeout_ms), outer_(options.stop, [this] { end(); }) {
    options_.stop = stop_.get_token();
    if (limit_ms_ > 0)
      alarm_ = std::jthread{[this](std::stop_token const& finished) {
        std::mutex mutex;
        std::unique_lock lock{mutex};
        std::condition_variable_any never;
        never.wait_for(lock, finished, std::chrono::milliseconds{limit_ms_}, [] { return false; });
        if (finished.stop_requested()) return;
        over_ = true;
        end();
      }};
  }

  FanOutOptions const& options() const { return options_; }
  std::stop_token stop() const { return stop_.get_token(); }
  void end() const { stop_.request_stop(); }

  // What this clock ended says so.
  void explain(std::vector<Outcome>& outcomes) const {
    if (!over_) return;
    for (Outcome& outcome : outcomes) {
      if (!outcome.error || outcome.error->kind != ErrorKind::interrupted) continue;
      outcome.error->kind = ErrorKind::failed;
      outcome.error->message = "no answer within the wall timeout of " + std::to_string(limit_ms_) + " ms";
    }
  }

 private:
  FanOutOptions options_;
  int limit_ms_;
  mutable std::stop_source stop_;
  std::atomic<bool> over_ = false;
  std::stop_callback<std::function<void()>> outer_;
  std::jthread alarm_;  // last: it uses what stands above
};

}  // namespace

Fleet::Fleet(FleetParts parts)
    : parts_(std::move(parts)),
      pool_(parts_.driver, parts_.secrets,
            parts_.connections_per_server > 0 ? parts_.connections_per_server : Pool::default_limit) {}

Environment const& Fleet::located() const {
  std::lock_guard lock{lists_};
  if (!located_) {
    Environment environment = parts_.environment;
    if (parts_.locate) parts_.locate(environment);
    located_ = std::move(environment);
  }
  return *located_;
}

std::optional<std::size_t> Fleet::known_tenants() const {
  std::lock_guard lock{lists_};
  return tenants_ ? std::optional{tenants_->size()} : std::nullopt;
}

Endpoint Fleet::master() const {
  Environment const& environment = located();
  return endpoint_of(
      environment.direct_master_dsn.empty() ? environment.master_dsn : environment.direct_master_dsn,
      environment.master_secret, "master", parts_.variables, parts_.driver);
}

Endpoint Fleet::journal() const {
  Environment const& environment = located();
  if (environment.journal_dsn.empty()) return master();
  return endpoint_of(environment.journal_dsn, environment.master_secret, "journal", parts_.variables,
                     parts_.driver);
}

Endpoint Fleet::master_maintenance() const { return master().with_database("postgres"); }

Endpoint Fleet::endpoint(Server const& server) const {
  Endpoint place;
  place.server = server.name;
  place.keywords = {{"host", server.host},
                    {"port", std::to_string(server.port)},
                    {"user", server.admin_user},
                    {"dbname", "postgres"}};
  if (!server.admin_secret_ref.empty()) {
    try {
      place.password = Secret::parse(server.admin_secret_ref);
    } catch (Error const& error) {
      // What stands there may be the password itself: it is not repeated.
      throw Error{ErrorKind::config,
                  "the admin_secret_ref of server " + server.name + " is not a secret reference"}
          .with_hint("write env:NAME, file:PATH, exec:COMMAND, azure:VAULT/NAME or prompt:TEXT there")
          .at_server(server.name);
    }
  }
  return place;
}

Endpoint Fleet::endpoint(Tenant const& tenant) {
  Endpoint place = endpoint(server(tenant.server)).with_database(tenant.database_name);
  place.tenant = tenant.slug;
  return place;
}

std::vector<Server> const& Fleet::servers() {
  std::lock_guard lock{lists_};
  if (!servers_)
    servers_ = servers_from(read_list(parts_.environment.servers, Lists::servers), "the list of servers");
  return *servers_;
}

std::vector<Tenant> const& Fleet::tenants() {
  std::lock_guard lock{lists_};
  if (!tenants_)
    tenants_ =
        tenants_from(read_list(parts_.environment.tenants, Lists::tenants), servers(), "the list of tenants");
  return *tenants_;
}

Server const& Fleet::server(std::string const& name) {
  return find_named(servers(), &Server::name, name, "server");
}
Tenant const& Fleet::tenant(std::string const& slug) {
  return find_named(tenants(), &Tenant::slug, slug, "tenant");
}

void Fleet::refresh() {
  std::lock_guard lock{lists_};
  servers_.reset();
  tenants_.reset();
}

std::vector<ListEntry> Fleet::read_list(ListSource const& source, Lists which) {
  ListColumns const& columns = which == Lists::servers ? server_columns() : tenant_columns();
  if (source.kind == ListSource::Kind::file) {
    std::filesystem::path file = source.text;
    if (file.is_relative()) file = parts_.environment.declared_in.parent_path() / file;
    return read_inventory(file, columns);
  }
  bool const ours = source.kind == ListSource::Kind::registry;
  std::string const name = "the " + columns.what + " query of environment " + parts_.environment.name;
  std::string const sql = !ours                     ? source.text
                          : which == Lists::servers ? registry_servers_sql
                                                    : registry_tenants_sql;
  try {
    // As the admin, not as the reader: a foreign master need not have that role.
    auto lease =
        pool_.acquire(master(), {.access = Access::read_only, .application_name = parts_.application_name});
    return entries_of(lease->query(sql), columns, name);
  } catch (Error const& error) {
    // 3D000: no such database; 3F000, 42P01: no such schema, no such table.
    if (!ours || (error.sqlstate != "3D000" && error.sqlstate != "3F000" && error.sqlstate != "42P01")) throw;
    Error uninitialised{ErrorKind::refused, "master is not initialised"};
    uninitialised.detail = error.message;
    uninitialised.hint = "tenantsh run master_init";
    uninitialised.server = "master";
    uninitialised.sqlstate = error.sqlstate;
    throw uninitialised;
  }
}

Result Fleet::ask(Endpoint const& endpoint, ConnectOptions const& options, std::stop_token const& stop,
                  Attempt* attempt, std::function<Result(Session&)> const& work,
                  std::function<bool()> const& may_repeat) {
  for (bool again = false;; again = true) {
    Pool::Lease lease = pool_.acquire(endpoint, options, stop);
    if (attempt) attempt->reached();
    try {
      CancelOnStop const cancel{*lease, stop};
      Result result = work(*lease);
      if (stop.stop_requested()) lease.discard();  // the cancel may arrive yet
      return result;
    } catch (Error const& error) {
      lease.discard();
      if (stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
      // It was idle while its server restarted: all of that place are as dead. A read may be sent again.
      if (error.kind != ErrorKind::connect || !lease.reused() || again || (may_repeat && !may_repeat()))
        throw;
      pool_.close_idle(endpoint);
    }
  }
}

ConnectOptions Fleet::reading(int timeout_ms, int lock_timeout_ms) const {
  return {.access = Access::read_only,
          .role = reader_role,
          .application_name = parts_.application_name,
          .statement_timeout_ms = timeout_ms,
          .lock_timeout_ms = lock_timeout_ms};
}

Result Fleet::read(Endpoint const& endpoint, Statement const& statement, int timeout_ms,
                   std::stop_token stop) {
  require_read(statement);
  return ask(endpoint, reading(timeout_ms), stop, nullptr,
             [&](Session& session) { return session.query(statement); });
}

std::vector<Outcome> Fleet::query(std::vector<Tenant> const& tenants, Statement const& statement,
                                  FanOutOptions const& options) {
  require_read(statement);
  WallClock const wall{options};
  std::vector<Outcome> outcomes =
      over(tenants, wall.options(), [&](Tenant const&, Endpoint const& place, Attempt& attempt) {
        return ask(place, reading(options.timeout_ms, options.lock_timeout_ms), wall.stop(), &attempt,
                   [&](Session& session) { return session.query(statement); });
      });
  wall.explain(outcomes);
  return outcomes;
}

std::vector<Outcome> Fleet::stream(std::vector<Tenant> const& tenants, Statement const& statement,
                                   FanOutOptions const& options, StreamTarget const& target) {
  require_read(statement);
  StreamedRows rows{target, parts_.secrets, tenants};
  WallClock const wall{options};
  std::stop_callback const broken{rows.broken(), [&wall] { wall.end(); }};
  std::vector<Outcome> outcomes = over(
      tenants, wall.options(),
      [&](Tenant const& tenant, Endpoint const& place, Attempt& attempt) {
        auto const index = static_cast<std::size_t>(&tenant - tenants.data());
        std::optional<StreamedRows::Part> part;
        return ask(
            place, reading(options.timeout_ms, options.lock_timeout_ms), wall.stop(), &attempt,
            [&](Session& session) {
              session.stream(statement, part.emplace(rows, index));
              part->finish();
              return Result{};
            },
            [&] { return !part || !part->begun(); });
      },
      [&](std::size_t index, Outcome const& outcome) { rows.end(index, !outcome.error); });
  rows.close();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    Outcome& outcome = outcomes[i];
    if (auto refused = rows.refused(i); refused && !outcome.error) outcome.error = std::move(refused);
    auto const written = rows.written(i);
    if (!outcome.error) {
      outcome.result->affected = written;
      continue;
    }
    outcome.result.reset();
    if (written > 0) outcome.error->detail = std::to_string(written) + " rows of it were written before";
  }
  wall.explain(outcomes);
  return outcomes;
}

std::vector<Outcome> Fleet::each(std::vector<Tenant> const& tenants, FanOutOptions const& options,
                                 std::function<Result(Tenant const&, Session&)> const& work) {
  ConnectOptions const writing{.application_name = parts_.application_name,
                               .statement_timeout_ms = options.timeout_ms};
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, int> left;  // tenants, by their database
  if (options.connections == Afterwards::close)
    for (Tenant const& tenant : tenants) ++left[{tenant.server, tenant.database_name}];
  auto last = [&](Tenant const& tenant) {
    if (options.connections == Afterwards::keep) return false;
    std::lock_guard const lock{mutex};
    return --left[{tenant.server, tenant.database_name}] == 0;
  };
  return over(tenants, options, [&](Tenant const& tenant, Endpoint const& place, Attempt& attempt) {
    Pool::Lease lease = pool_.acquire(place, writing, options.stop);
    attempt.reached();
    CancelOnStop const cancel{*lease, options.stop};
    try {
      Result result = work(tenant, *lease);
      if (last(tenant) || options.stop.stop_requested()) lease.discard();
      return result;
    } catch (std::exception const&) {
      last(tenant);
      lease.discard();  // whatever state it is in
      throw;
    }
  });
}

std::vector<Outcome> Fleet::over(std::vector<Tenant> const& tenants, FanOutOptions const& options,
                                 std::function<Result(Tenant const&, Endpoint const&, Attempt&)> const& work,
                                 std::function<void(std::size_t, Outcome const&)> const& ended) {
  servers();  // what stops all of them is thrown here
  std::vector<FanOutTask> tasks;
  tasks.reserve(tenants.size());
  for (Tenant const& tenant : tenants) {
    std::optional<Endpoint> place;
    std::optional<Error> failure;
    try {
      place = endpoint(tenant);
      resolve_prompted(parts_.secrets, *place);
    } catch (Error const& error) {
      failure = error;
    }
    tasks.push_back({&tenant, tenant.server, [&tenant, &work, place, failure](Attempt& attempt) {
                       if (failure) throw Error{*failure};
                       return work(tenant, *place, attempt);
                     }});
  }
  return fan_out(tasks, options.jobs, options.stop, ended);
}

}  // namespace fleet
