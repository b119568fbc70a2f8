#include "runbooks/engine/changes.hpp"

#include <doctest/doctest.h>

using runbooks::Change;
using runbooks::Event;
using runbooks::RunRecord;
using runbooks::StepState;

namespace {

Event event(int seq, std::string name, std::string step = {}, std::string hash = {}, std::string item = {}) {
  Event made{
      .event = std::move(name), .step = std::move(step), .item = std::move(item), .hash = std::move(hash)};
  made.seq = seq;
  made.attempt = 1;
  return made;
}

runbooks::Runbook script(std::vector<std::pair<std::string, std::string>> const& steps) {
  runbooks::Runbook runbook;
  for (auto const& [path, hash] : steps) {
    runbook.steps.push_back({});
    runbook.steps.back().path = runbook.steps.back().name = path;
    runbook.steps.back().hash = hash;
  }
  return runbook;
}

RunRecord two_done_one_failed() {
  return runbooks::replay(
      "r", {event(1, "run_started"), event(2, "intent", "a", "1"), event(3, "done", "a", "1"),
            event(4, "intent", "b", "2"), event(5, "done", "b", "2"), event(6, "intent", "c", "3"),
            event(7, "failed", "c", "3")});
}

std::vector<Change> changes(std::vector<std::pair<std::string, std::string>> const& steps) {
  std::vector<Change> found;
  for (auto const& change : compare(two_done_one_failed(), script(steps))) found.push_back(change.change);
  return found;
}

}  // namespace

TEST_CASE("changes: an untouched script has none, and no table is shown") {
  CHECK(changes({{"a", "1"}, {"b", "2"}, {"c", "3"}}) ==
        std::vector{Change::none, Change::none, Change::none});
  CHECK(render_changes(compare(two_done_one_failed(), script({{"a", "1"}, {"b", "2"}, {"c", "3"}}))).empty());
}

TEST_CASE("changes: edited before and after it was done") {
  CHECK(changes({{"a", "9"}, {"b", "2"}, {"c", "9"}}) ==
        std::vector{Change::edited_done, Change::none, Change::edited_pending});
}

TEST_CASE("changes: a new step in the place of a done one that is gone is told as that") {
  CHECK(changes({{"a", "1"}, {"x", "8"}, {"c", "3"}}) ==
        std::vector{Change::none, Change::in_place, Change::none, Change::removed});
  CHECK(changes({{"a", "1"}, {"c", "3"}, {"x", "8"}}) ==
        std::vector{Change::none, Change::none, Change::added, Change::removed});
}

TEST_CASE("changes: a step before one that is done is inserted, one after all of them is new") {
  CHECK(changes({{"a", "1"}, {"x", "8"}, {"b", "2"}, {"y", "7"}, {"c", "3"}}) ==
        std::vector{Change::none, Change::inserted, Change::none, Change::added, Change::none});
}

TEST_CASE("changes: a removed step is listed last, one with the same body under a new name is renamed") {
  CHECK(changes({{"a", "1"}, {"c", "3"}}) == std::vector{Change::none, Change::none, Change::removed});
  auto const renamed = compare(two_done_one_failed(), script({{"a", "1"}, {"bb", "2"}, {"c", "3"}}));
  REQUIRE(renamed.size() == 3);
  CHECK(renamed[1].change == Change::renamed);
  CHECK(renamed[1].formerly == "b");
  CHECK(renamed[1].state == StepState::done);
}

TEST_CASE("changes: a failed step that is gone is no former name: nothing of it is done") {
  auto const found = compare(two_done_one_failed(), script({{"a", "1"}, {"b", "2"}, {"cc", "3"}}));
  CHECK(found[2].change == Change::added);
  CHECK(found[3].change == Change::removed);
}

TEST_CASE("replay: items stand beside their step, and a failed one does not take progress away") {
  RunRecord const run = runbooks::replay(
      "r", {event(1, "run_started"), event(2, "intent", "s", "1"), event(3, "done", "s", {}, "one"),
            event(4, "failed", "s", {}, "two"), event(5, "failed", "s", "1")});
  CHECK(run.step("s").state == StepState::failed);
  CHECK(run.step("s").items.at("one").state == StepState::done);
  CHECK(run.step("s").items.at("two").state == StepState::failed);
  CHECK(run.state == "failed");
}

TEST_CASE("replay: released and undone") {
  RunRecord run = runbooks::replay("r", {event(1, "run_started"), event(2, "intent", "s", "1"),
                                         event(3, "done", "s", "1"), event(4, "released", "s")});
  CHECK(run.step("s").released);
  CHECK(is_settled(run.step("s").state));
  run.apply(event(5, "undone", "s"));
  CHECK_FALSE(is_settled(run.step("s").state));
  run.apply(event(6, "run_undone"));
  CHECK(run.state == "undone");
}

TEST_CASE("event: an item travels through the mirror's line") {
  Event const before = event(7, "done", "s", {}, "tenant \"ä\"\n");
  CHECK(Event::from_json(before.to_json()).item == before.item);
}
