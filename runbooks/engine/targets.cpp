#include "runbooks/engine/targets.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace runbooks {

namespace {

constexpr std::string_view database_missing = "3D000";
constexpr auto patience = std::chrono::seconds{2};             // for a statement that is about to end anyway
constexpr auto patience_after_end = std::chrono::seconds{30};  // for a terminated backend to roll back

constexpr char const* orphans_sql =
    "select pid, application_name, state, coalesce(left(query, 120), '') as query, datname"
    " from pg_stat_activity where application_name like 'tenantsh %' and application_name like '% ' || $1"
    " and pid <> pg_backend_pid() and usename = current_user";

}  // namespace

Targets::Targets(fleet::Fleet& fleet, fleet::Operator const& who, std::string run_id)
    : fleet_(fleet), who_(who), run_id_(std::move(run_id)) {}

fleet::Session* Targets::open(Target const& target, fleet::Access access) {
  if (!target.endpoint) return nullptr;
  std::string const key = target.endpoint->key() + (access == fleet::Access::read_only ? " ro" : " rw");
  if (auto found = sessions_.find(key); found != sessions_.end()) {
    if (found->second->is_open()) return found->second.get();
    sessions_.erase(found);
  }
  try {
    auto session = fleet_.driver().connect(
        *target.endpoint, fleet_.secrets(),
        {.access = access, .role = {}, .application_name = who_.application_name(run_id_)});
    return (sessions_[key] = std::move(session)).get();
  } catch (fleet::Error const& error) {
    if (error.sqlstate == database_missing) return nullptr;
    throw;
  }
}

void Targets::close() { sessions_.clear(); }

void Targets::turn_to(Target const& next) {
  std::string const own = next.endpoint ? next.endpoint->key() + " " : std::string{};
  std::erase_if(sessions_, [&](auto const& entry) {
    if (own.empty() || !entry.first.starts_with(own) || !entry.second->is_open()) return true;
    try {
      entry.second->query({"discard all"});
      return false;
    } catch (fleet::Error const&) {
      return true;
    }
  });
}

std::vector<std::string> settle_orphans(fleet::Session& session, fleet::Operator const& who,
                                        std::string const& run_id) {
  std::vector<std::string> ended;
  auto const start = std::chrono::steady_clock::now();
  bool terminated = false;
  while (true) {
    auto const rows = session.query({orphans_sql, {run_id}});
    bool waiting = false;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      auto const name = fleet::parse_application_name(rows.text(i, "application_name"));
      if (name.process.pid == who.process.pid && name.process.start_time == who.process.start_time) continue;
      bool const here = name.host == who.host.substr(0, name.host.size());
      std::string const what =
          fmt::format("backend {} in {} ({}: {})", rows.text(i, "pid"), rows.text(i, "datname"),
                      rows.text(i, "state"), rows.text(i, "query"));
      if (!here || fleet::is_alive(name.process))
        throw fleet::Error{fleet::ErrorKind::in_doubt,
                           fmt::format("run {} is still at work: {} of process {} on {}", run_id, what,
                                       name.process.pid, name.host)}
            .with_hint("end that process first, then resume");
      waiting = true;
      if (terminated || std::chrono::steady_clock::now() - start < patience) continue;
      session.query({"select pg_terminate_backend($1::int)", {rows.text(i, "pid")}});
      ended.push_back(what);
    }
    if (!waiting) return ended;
    terminated = !ended.empty();
    if (std::chrono::steady_clock::now() - start > patience + patience_after_end)
      throw fleet::Error{fleet::ErrorKind::in_doubt, fmt::format("a backend of run {} does not end: {}",
                                                                 run_id, ended.empty() ? "" : ended.front())};
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

}  // namespace runbooks
