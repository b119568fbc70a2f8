#include "runbooks/engine/catch_up.hpp"

namespace runbooks {

bool catch_up(Journal::Parts parts, FoundRun const& run) {
  if (run.mirror.empty()) return false;
  Journal journal{std::move(parts), run.mirror, run.events, run.record.id};
  fleet::Session* master = journal.connect();
  if (master == nullptr) return false;
  auto const state = [&]() -> std::optional<std::string> {
    if (master->query({"select to_regclass('runbook.run') is not null"}).value() != "t") return std::nullopt;
    return master->query({"select state from runbook.run where id = $1", {run.record.id}}).value();
  };
  return state() != run.record.state && journal.attach();
}

}  // namespace runbooks
