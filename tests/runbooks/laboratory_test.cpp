#include <doctest/doctest.h>

#include <fmt/format.h>

#include <set>

#include "fleet/error.hpp"
#include "runbooks/laboratory/cell.hpp"
#include "runbooks/laboratory/world.hpp"

namespace {

using namespace runbooks;

std::vector<Place> recorded() {
  return {{.moment = "intent", .step = "one", .ordinal = 1, .sql = {}},
          {.moment = "sending", .step = "one", .ordinal = 1, .sql = "BEGIN"},
          {.moment = "sent", .step = "one", .ordinal = 1, .sql = "BEGIN"},
          {.moment = "sent", .step = "one", .ordinal = 2, .sql = "select 1"},
          {.moment = "sent", .step = "one", .ordinal = 3, .sql = "insert into a values (1)"},
          {.moment = "sent", .step = "one", .ordinal = 4, .sql = "COMMIT"},
          {.moment = "sent", .step = "one", .ordinal = 5, .sql = "select 2"},
          {.moment = "done", .step = "section/two", .ordinal = 1, .sql = {}}};
}

std::string told(std::vector<Cell> const& cells) {
  std::string text;
  for (Cell const& cell : cells)
    text += fmt::format("{} {} {}\n", cell.place.step, cell.row(), to_string(cell.fault));
  return text;
}

}  // namespace

TEST_CASE("the matrix holds the first, a middle and the last writing statement of a step") {
  CHECK(told(lay_out(recorded(), {.faults = {Fault::kill, Fault::restart}, .at = {}})) ==
        "one intent kill\none intent restart\n"
        "one sent 1/5 kill\none sent 1/5 restart\none sent 1/5, late kill\n"
        "one sent 3/5 kill\none sent 3/5 restart\none sent 3/5, late kill\n"
        "one sent 4/5 kill\none sent 4/5 restart\none sent 4/5, late kill\n"
        "section/two done kill\nsection/two done restart\n");
  CHECK(told(lay_out(recorded(), {.faults = {Fault::kill}, .at = "section"})) == "section/two done kill\n");
  CHECK(lay_out(recorded(), {.faults = {Fault::kill}, .at = {}, .all_statements = true}).size() == 12);
}

TEST_CASE("a sample holds every moment with every fault, and is the same each time") {
  std::vector<Place> places;
  for (int step = 0; step < 20; ++step)
    for (char const* moment : {"torn", "intent", "sent", "done"})
      places.push_back(
          {.moment = moment, .step = fmt::format("step {}", step), .ordinal = 1, .sql = "COMMIT"});
  auto const sample = lay_out(places, {.faults = all_faults(), .at = {}, .sample = 30});
  CHECK(sample.size() == 30);
  std::set<std::string> kinds;
  for (Cell const& cell : sample)
    kinds.insert(
        fmt::format("{} {} {}", cell.place.moment, to_string(cell.fault), cell.delivery == Delivery::late));
  CHECK(kinds.size() == 4 * 5 + 2);
  CHECK(told(sample) == told(lay_out(places, {.faults = all_faults(), .at = {}, .sample = 30})));
  CHECK(lay_out({}, {.faults = all_faults(), .at = {}, .sample = 30}).empty());
}

TEST_CASE("what differs between undisturbed runs is noise, all else is told") {
  World const first{{"t rows", "1"}, {"t.id", "a"}, {"structure", "x\ny\nz"}};
  World const second{{"t rows", "1"}, {"t.id", "b"}, {"structure", "x\ny\nz"}};
  Noise const noise = learn_noise(first, second);
  CHECK(noise == Noise{"t.id"});
  World const found{{"t rows", "2"}, {"t.id", "c"}, {"structure", "x\nz\nw"}, {"u rows", "0"}};
  CHECK(fmt::format("{}", fmt::join(differences(found, second, noise), "\n")) ==
        "structure:\n  + w\n  - y\nt rows: 2, undisturbed 1\nu rows: is there, undisturbed it is not");
  CHECK(differences(first, second, noise).empty());
}

TEST_CASE("where a run breaks is read from the environment") {
  CHECK_NOTHROW(Faults{"effect:database/create"});
  CHECK_NOTHROW(Faults{"record@/tmp/x;stop@sending:a b#2;kill@sent:a b#2"});
  CHECK_THROWS_AS(Faults{"kill@nowhere"}, fleet::Error);
  CHECK_THROWS_AS(Faults{"drown@intent:a"}, fleet::Error);
  CHECK(parse_faults("cut,kill") == std::vector{Fault::cut, Fault::kill});
  CHECK_THROWS_AS(parse_faults("flood"), fleet::Error);
}
