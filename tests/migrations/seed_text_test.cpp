#include "migrations/engine/seed_text.hpp"

#include <doctest/doctest.h>

#include "tests/migrations/set_folder.hpp"

using migrations::table_writes;
using tests::listed;

namespace {

std::string shown(std::string_view sql) {
  std::string text;
  for (migrations::TableWrite const& write : table_writes(sql))
    text += write.schema + "." + write.table + (write.every_column ? " all" : "") + " inserts " +
            listed(write.inserts) + " conflicts " + listed(write.conflicts) + " sets " + listed(write.sets) +
            "\n";
  return text;
}

}  // namespace

TEST_CASE("what a seed's text says it writes") {
  CHECK(
      shown(
          "insert into ref.plan as p (code, name) values ('A', 'x') on conflict (code) do update set name = "
          "excluded.name where p.name <> excluded.name;\n"
          "update ref.plan set active = true, (a, b) = (1, 2);\n"
          "delete from note; truncate ref.a, ref.b;") ==
      "ref.plan inserts code name conflicts code sets name active a b\n"
      ".note inserts  conflicts  sets \nref.a inserts  conflicts  sets \nref.b inserts  conflicts  sets \n");
  CHECK(shown("with gone as (delete from ref.old returning *) insert into ref.kept select * from gone") ==
        "ref.kept all inserts  conflicts  sets \nref.old inserts  conflicts  sets \n");
  CHECK(shown("insert into \"Ref\".\"Plan\" values (1) on conflict on constraint pk do nothing") ==
        "Ref.Plan all inserts  conflicts  sets \n");
  CHECK(shown("select 1; do $$ begin insert into ref.hidden values (1); end $$; copy ref.x to stdout") == "");
}

TEST_CASE("a long seed is read, and a deep one does not end the program") {
  std::string rows = "insert into ref.long (n) values (0)";
  for (int i = 1; i < 20'000; ++i) rows += ", (" + std::to_string(i) + ")";
  CHECK(shown(rows) == "ref.long inserts n conflicts  sets \n");
  std::string deep = "insert into ref.deep (n) values (1";
  for (int i = 0; i < 100'000; ++i) deep += "+1";
  CHECK(shown(deep + ")") == "ref.deep inserts n conflicts  sets \n");
  CHECK(shown("insert into ref.huge values ('" + std::string(2'000'000, 'x') + "')") == "");
  CHECK(shown("insert into ref.x selekt 1") == "");
}
