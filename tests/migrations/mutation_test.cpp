// Text and names of any shape go through everything that reads files before PostgreSQL does: nothing crashes,
// and what is said about the text stays true of it. The same seeds each time.

#include <doctest/doctest.h>

#include "tests/migrations/text_claims.hpp"
#include "tests/migrations/text_mutation.hpp"

using tests::Mutation;

TEST_CASE("what is said about text of any shape is true of it") {
  Mutation mutation{1};
  for (int round = 0; round < 6000; ++round) {
    std::string const text = mutation.text();
    std::string const untrue = tests::untrue_of_text(text);
    if (!untrue.empty()) FAIL_CHECK(untrue << " of: " << text);
  }
}

TEST_CASE("what is said about names of any shape is true of them") {
  Mutation mutation{2};
  for (int round = 0; round < 20000; ++round) {
    std::string const name = mutation.name();
    std::string const untrue = tests::untrue_of_name(name);
    if (!untrue.empty()) FAIL_CHECK(untrue << " of: " << name);
  }
}

TEST_CASE("a folder of any shape is loaded, and each problem says what to do") {
  Mutation mutation{3};
  int files = 0, problems = 0;
  for (int round = 0; round < 60; ++round) {
    tests::SetFolder folder;
    for (int file = 0; file < 12; ++file) {
      std::string const name = mutation.name();
      bool const usable = !name.empty() && name.size() < 200 && name.find('/') == std::string::npos &&
                          name.find('\0') == std::string::npos && name != "." && name != ".." &&
                          name != "archive" && name != "sql" && name != "sqls" && name != "set.toml";
      if (usable) folder.write(name, mutation.text());
    }
    for (migrations::Scope scope : {migrations::Scope::master, migrations::Scope::tenant}) {
      auto const set = folder.load(scope);
      std::string const untrue = tests::untrue_of_set(set);
      if (!untrue.empty()) FAIL_CHECK(untrue << " in round " << round);
      files += static_cast<int>(set.files().size());
      problems += static_cast<int>(set.problems().size() + set.check().size());
    }
  }
  // The mutations reach what they are for.
  CHECK(files > 200);
  CHECK(problems > 500);
}

TEST_CASE("what runs again has no number to follow") {
  tests::SetFolder folder;
  folder.write("007_a.sql", "select 1").write("R__b.js", "x").write("archive/R__c.sql", "select 1");
  CHECK(folder.load().next_number() == 8);
}
