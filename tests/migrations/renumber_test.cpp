#include "migrations/engine/renumber.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <tuple>

#include "fleet/error.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::SetFolder;

namespace {

std::string text_of(std::filesystem::path const& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

SetFolder& with(SetFolder& folder, std::vector<std::string> const& names) {
  for (std::string const& name : names) folder.write(name, "select '" + name + "';");
  return folder;
}

// `applied`: stem → targets.
std::string planned(std::vector<std::string> const& names,
                    std::map<std::string, std::size_t> const& applied = {}, Gaps gaps = Gaps::keep) {
  SetFolder folder;
  NumberedFolder numbers = read_numbers(with(folder, names).path());
  for (NumberedStem& stem : numbers.stems)
    if (auto found = applied.find(stem.stem); found != applied.end()) stem.applied = found->second;
  std::string text;
  for (Renumbering const& rename : plan_renumbering(numbers, gaps))
    text += rename.from + " > " + rename.to + "\n";
  return text;
}

// Every file of a folder below it, sorted, hidden ones too.
std::string listing(std::filesystem::path const& folder) {
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::recursive_directory_iterator{folder})
    if (entry.is_regular_file()) names.push_back(std::filesystem::relative(entry.path(), folder).string());
  std::sort(names.begin(), names.end());
  return tests::listed(names);
}

}  // namespace

TEST_CASE("as few files as possible get another number, and none changes its place") {
  CHECK(planned({"001_a.sql", "002_b.sql", "004_c.sql"}) == "");
  CHECK(planned({"001_a.sql", "002_b.sql", "002_c.sql", "005_d.sql"}) == "002_c > 003_c\n");
  // A gap before is nearer than all that follows.
  CHECK(planned({"001_a.sql", "003_b.sql", "003_c.sql", "004_d.sql", "005_e.sql"}) == "003_b > 002_b\n");
  CHECK(planned({"001_a.sql", "001_b.sql", "002_c.sql", "003_d.sql"}) ==
        "001_b > 002_b\n002_c > 003_c\n003_d > 004_d\n");
  CHECK(planned({"001_a.sql", "002_b.sql", "002_c.sql", "archive/003_old.sql", "005_d.sql"}) ==
        "002_c > 004_c\n");
  CHECK(planned({"001_a.sql", "archive/002_old.sql", "002_b.sql"}) == "002_b > 003_b\n");
  CHECK(planned({"9_a.sql", "10_b.sql", "10_c.sql"}) == "10_c > 11_c\n");
  CHECK(planned({"20240101120000_a.sql", "20240101120000_b.sql"}) == "20240101120000_b > 20240101120001_b\n");
  CHECK(planned({"V1__a.sql", "V2__b.sql", "V2__c.sql", "U2__c.sql"}) == "V2__c > V3__c\n");
}

TEST_CASE("the file that more targets have keeps the number; one that nobody has goes to the end") {
  std::vector<std::string> const files{"001_a.sql", "002_b.sql", "002_c.sql", "003_d.sql"};
  CHECK(planned(files, {{"001_a", 3}, {"002_b", 3}, {"003_d", 3}}) == "002_c > 004_c\n");
  CHECK(planned(files, {{"001_a", 3}, {"002_c", 3}, {"003_d", 1}}) == "002_b > 004_b\n");
  // Applied somewhere: it stays where it stood.
  CHECK(planned(files, {{"001_a", 3}, {"002_b", 1}, {"002_c", 3}, {"003_d", 3}}) ==
        "002_b > 003_b\n003_d > 004_d\n");
}

TEST_CASE("gaps are closed when asked for, around archived numbers") {
  CHECK(planned({"001_a.sql", "004_b.sql", "009_c.sql", "archive/002_old.sql"}, {}, Gaps::close) ==
        "004_b > 003_b\n009_c > 004_c\n");
  CHECK_THROWS_AS(planned({"20240101120000_a.sql", "20240101120005_b.sql"}, {}, Gaps::close), fleet::Error);
}

TEST_CASE("versions of several parts are left to a person") {
  CHECK(planned({"2026_2_49_1.sql", "2026_2_50_1.sql"}) == "");
  CHECK_THROWS_AS(planned({"2024_01_15_120000_a.sql", "2024_01_15_120000_b.sql"}), fleet::Error);
}

TEST_CASE("whatever the clashes, numbers are unique afterwards and the order is the same") {
  std::mt19937 random{7};
  for (int round = 0; round < 300; ++round) {
    NumberedFolder folder;
    for (int i = 0, count = 1 + static_cast<int>(random() % 12); i < count; ++i) {
      auto const number = static_cast<std::int64_t>(1 + random() % 14);
      NumberedStem stem{"0" + std::to_string(number + 10) + "_" + std::string(1, static_cast<char>('a' + i)),
                        {{number + 10}},
                        {},
                        0};
      folder.stems.push_back(stem);
    }
    if (round % 3 == 0) folder.archived = {static_cast<std::int64_t>(11 + random() % 14)};
    std::sort(folder.stems.begin(), folder.stems.end(), [](NumberedStem const& a, NumberedStem const& b) {
      return std::tie(a.version, a.stem) < std::tie(b.version, b.stem);
    });
    std::map<std::string, std::string> renames;
    for (Renumbering const& rename : plan_renumbering(folder, round % 5 == 0 ? Gaps::close : Gaps::keep))
      renames[rename.from] = rename.to;
    std::int64_t before = 0;
    for (NumberedStem const& stem : folder.stems) {
      auto const found = renames.find(stem.stem);
      std::int64_t const number =
          version_of((found == renames.end() ? stem.stem : found->second) + ".sql").parts[0];
      CAPTURE(round);
      CAPTURE(stem.stem);
      CHECK(number > before);
      CHECK(folder.archived.count(number) == 0);
      before = number;
    }
  }
}

TEST_CASE("pairs, programs and the texts that name them go along") {
  SetFolder folder;
  with(folder, {"010_a.up.sql", "010_a.down.sql", "011_c.sql", "sqls/010_b-up.sql", "sqls/010_b-down.sql"});
  folder.write("010_b.js", "read('sqls/010_b-up.sql'); // not 010_bb, x010_b or 010_b-c, but 010_b.js")
      .write("011_c.js", "read('011_c.sql')")
      .write("012_d.ts", "read('012_d.sql')");
  NumberedFolder const numbers = read_numbers(folder.path());
  RenumberJournal journal =
      make_journal(folder.path(), numbers, plan_renumbering(numbers, Gaps::keep), tests::DigestDriver{});
  write_journal(folder.path(), journal);
  CHECK_THROWS_WITH_AS(folder.load(), doctest::Contains("a renumbering was not finished"), fleet::Error);
  journal = *read_journal(folder.path());
  renumber_files(folder.path(), journal);
  CHECK(listing(folder.path()) ==
        "010_a.down.sql 010_a.up.sql 011_b.js 012_c.js 012_c.sql 013_d.ts sqls/011_b-down.sql "
        "sqls/011_b-up.sql");
  CHECK(text_of(folder.path() / "sqls/011_b-up.sql") == "select 'sqls/010_b-up.sql';");
  CHECK(text_of(folder.path() / "011_b.js") ==
        "read('sqls/011_b-up.sql'); // not 010_bb, x010_b or 010_b-c, but 011_b.js");
  CHECK(text_of(folder.path() / "012_c.js") == "read('012_c.sql')");
  CHECK(text_of(folder.path() / "013_d.ts") == "read('013_d.sql')");
}

TEST_CASE("a renumbering that stops anywhere is finished by the next one") {
  std::vector<std::string> const names{"010_x.sql", "010_y.sql", "011_y.sql", "012_y.sql"};
  std::string const wanted = "010_x.sql 011_y.sql 012_y.sql 013_y.sql";
  // As a stop leaves it: the first `out` files on their way, then, when all are, the first `in` at their new
  // names.
  for (std::size_t stop = 0; stop <= 6; ++stop) {
    CAPTURE(stop);
    SetFolder folder;
    NumberedFolder const numbers = read_numbers(with(folder, names).path());
    RenumberJournal journal =
        make_journal(folder.path(), numbers, plan_renumbering(numbers, Gaps::keep), tests::DigestDriver{});
    REQUIRE(journal.files.size() == 3);
    journal.phase = stop <= 3 ? RenumberJournal::Phase::out : RenumberJournal::Phase::in;
    write_journal(folder.path(), journal);
    std::filesystem::path const way = folder.path() / ".renumber";
    std::filesystem::create_directory(way);
    for (std::size_t i = 0; i < std::min<std::size_t>(stop, 3); ++i)
      std::filesystem::rename(folder.path() / journal.files[i].from, way / std::to_string(i));
    for (std::size_t i = 0; i + 3 < stop; ++i)
      std::filesystem::rename(way / std::to_string(i), folder.path() / journal.files[i].to);
    RenumberJournal again = *read_journal(folder.path());
    renumber_files(folder.path(), again);
    CHECK(listing(folder.path()) == wanted);
    CHECK(text_of(folder.path() / "013_y.sql") == "select '012_y.sql';");
    CHECK(text_of(folder.path() / "011_y.sql") == "select '010_y.sql';");
  }
}

TEST_CASE("a journal that cannot be read stops everything") {
  SetFolder folder;
  with(folder, {"010_x.sql"}).write(".renumber.json", "{\"id\": 1");
  CHECK_THROWS_AS(read_journal(folder.path()), fleet::Error);
  CHECK_THROWS_AS(folder.load(), fleet::Error);
}
