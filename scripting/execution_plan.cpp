// The plan of an execution: what PostgreSQL's planner makes of the statement in each place, without running
// it.

#include <nlohmann/json.hpp>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/fan_out.hpp"
#include "scripting/execution.hpp"
#include "scripting/statements.hpp"

namespace scripting {

namespace {

using fleet::ErrorKind;

// EXPLAIN takes these and no others.
bool explainable(std::string const& verb) {
  for (char const* word : {"SELECT", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"})
    if (verb.starts_with(word)) return true;
  return false;
}

// The rows that reach the node that writes, else those of the whole plan.
Json estimated_rows(Json const& plan) {
  std::vector<Json const*> open{&plan};
  while (!open.empty()) {
    Json const& node = *open.back();
    open.pop_back();
    if (!node.contains("Plans")) continue;
    if (node.value("Node Type", "") == "ModifyTable") return node["Plans"].at(0).value("Plan Rows", Json());
    for (Json const& child : node["Plans"]) open.push_back(&child);
  }
  return plan.value("Plan Rows", Json());
}

}  // namespace

Answer Execution::plan() {
  check_statement();
  fleet::HeldWriteOptions const limits = options();
  bool const explains = explainable(facts_.verb);
  std::vector<fleet::FanOutTask> tasks;
  for (fleet::WriteTarget const& target : targets_) {
    fleet::resolve_prompted(world_.fleet.secrets(), target.place);
    tasks.push_back(
        {&target.tenant, target.place.server, [&](fleet::Attempt& attempt) {
           auto session = world_.fleet.driver().connect(
               target.place, world_.fleet.secrets(),
               {.access = fleet::Access::read_only,
                .application_name = limits.application_name,
                .statement_timeout_ms = static_cast<int>(limits.statement_timeout.count()),
                .stop = limits.stop});
           attempt.reached();
           if (!explains) return fleet::Result{};
           fleet::CancelOnStop const cancel{*session, limits.stop};
           return session->query({"explain (format json) " + target.statement.sql, target.statement.params});
         }});
  }
  std::vector<fleet::Outcome> const outcomes = fleet::fan_out(tasks, limits.jobs, limits.stop);
  Rows rows{
      fleet::Result{
          {{"tenant"}, {"server"}, {"database"}, {"estimated_rows", fleet::type_oid::int8}, {"statement"}}},
      {},
      outcomes.size()};
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].error) {
      rows.failures.push_back(*outcomes[i].error);
      continue;
    }
    std::optional<std::string> estimate;
    if (auto const text = outcomes[i].result->value())
      estimate = estimated_rows(Json::parse(*text).at(0).at("Plan")).dump();
    rows.result.append(targets_[i].tenant.slug);
    rows.result.append(targets_[i].place.server);
    rows.result.append(targets_[i].place.get("dbname"));
    rows.result.append(estimate);
    rows.result.append(targets_[i].statement.sql);
  }
  Answer answer{std::move(rows), {}, ErrorKind::pending};
  answer.notes.push_back(
      in_transaction() ? "each in a transaction of its own, committed when the counts were seen and agreed to"
                       : "at once and outside a transaction: no rollback takes it back");
  if (destroys()) answer.notes.push_back("it destroys: " + facts_.destroys + "; --confirm " + subject_);
  return answer;
}

}  // namespace scripting
