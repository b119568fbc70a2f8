#include "migrations/engine/scaffold.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::listed;
using tests::SetFolder;
using Kind = ScaffoldRequest::Kind;

namespace {

// 2026-04-27T15:00:00Z
std::chrono::system_clock::time_point const today{std::chrono::seconds{1'777'302'000}};

std::vector<NamedText> named(std::vector<std::string> const& names) {
  std::vector<NamedText> files;
  for (std::string const& name : names) files.push_back({name, "", false});
  return files;
}

std::string next(std::vector<std::string> const& names, std::vector<std::string> const& archived = {}) {
  NamingScheme const scheme = naming_scheme(named(names));
  std::vector<std::string> all = names;
  all.insert(all.end(), archived.begin(), archived.end());
  return next_stem(scheme, all, "x", today) + " " + next_stem(scheme, all, "x", today, 1);
}

std::string refusal(ScaffoldRequest const& request, NamingScheme const& scheme = {}) {
  try {
    scaffold(request, scheme, Scope::tenant);
  } catch (fleet::Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.message + " | " + error.hint;
  }
  return "no error";
}

std::string paths(std::vector<NewFile> const& files) {
  std::vector<std::string> names;
  for (NewFile const& file : files) names.push_back(file.path.string());
  return listed(names);
}

}  // namespace

TEST_CASE("the next number is the highest plus one, as a number, whatever the scheme") {
  CHECK(next({}) == "001_x 002_x");
  CHECK(next({"001_a.sql", "9_b.sql", "010_c.sql", "048_d.sql"}) == "049_x 050_x");
  CHECK(next({"001_a.sql"}, {"099_old.sql"}) == "100_x 101_x");
  CHECK(next({"9_a.sql", "10_b.sql"}) == "11_x 12_x");
  CHECK(next({"2026_2_9_1.sql", "2026_2_10_3.sql", "2025_4_48_1.sql"}) == "2026_2_49_1 2026_2_50_1");
  CHECK(next({"2024_1_7_1.sql"}) == "2026_1_8_1 2026_1_9_1");
  CHECK(next({"20240101120000_a.sql"}) == "20260427150000_x 20260427150001_x");
  CHECK(next({"20991231235959_a.sql"}) == "21000101000000_x 21000101000001_x");
  CHECK(next({"20240101120000-a.js"}) == "20260427150000-x 20260427150001-x");
  CHECK(next({"1700000000000_a.sql"}) == "1777302000000_x 1777302000001_x");
  CHECK(next({"V1__a.sql", "V10__b.sql", "R__views.sql"}) == "V11__x V12__x");
}

TEST_CASE("new files are laid out like the newest ones") {
  auto const laid = [](NamingScheme const& scheme) {
    return lay_out(
        {{"Add Note!", "create table a.b (c int);\n", "drop table if exists a.b;\n", false, false}}, scheme,
        Scope::tenant, {"004_z.sql"}, today);
  };
  CHECK(paths(laid(naming_scheme(named({"004_z.sql"})))) == "005_add_note.sql 005_add_note.down.sql");
  CHECK(paths(laid(naming_scheme(named({"4_z.up.sql", "4_z.down.sql"})))) ==
        "5_add_note.up.sql 5_add_note.down.sql");
  CHECK(paths(laid(naming_scheme(named({"V4__z.sql"})))) == "V5__add_note.sql U5__add_note.sql");
  CHECK(paths(laid(naming_scheme({{"20240101120000_z", "", true}}))) ==
        "20260427150000_add_note/migration.sql 20260427150000_add_note/down.sql");
  auto const dbmate =
      laid(naming_scheme({{"20240101120000_z.sql", "-- migrate:up\nselect 1;\n-- migrate:down\n", false}}));
  CHECK(paths(dbmate) == "20260427150000_add_note.sql");
  CHECK(dbmate[0].text ==
        "-- migrate:up\ncreate table a.b (c int);\n\n-- migrate:down\ndrop table if exists a.b;\n");
  auto const scoped = laid(naming_scheme({{"2026_2_4_1.sql", "-- ===== TENANT MIGRATIONS =====\n", false}}));
  CHECK(paths(scoped) == "2026_1_1_1.sql 2026_1_1_1.down.sql");
  CHECK(scoped[0].text == "-- ===== TENANT MIGRATIONS =====\n\ncreate table a.b (c int);\n");
}

TEST_CASE("a table has an id, who and when, and an index on each foreign key") {
  auto const drafts = scaffold({.kind = Kind::table,
                                .table = "members.note",
                                .columns = {"member_id uuid references members.member", "body text null"}},
                               {}, Scope::tenant);
  REQUIRE(drafts.size() == 1);
  CHECK(drafts[0].title == "create_note");
  CHECK(drafts[0].up ==
        "create table members.note (\n"
        "    id         uuid not null default gen_random_uuid(),\n"
        "    member_id  uuid not null,\n"
        "    body       text,\n"
        "    created_at timestamptz not null default now(),\n"
        "    created_by text not null default current_user,\n"
        "    updated_at timestamptz not null default now(),\n"
        "    updated_by text not null default current_user,\n"
        "    constraint pk_note primary key (id),\n"
        "    constraint fk_note_member_id foreign key (member_id) references members.member (id)\n"
        ");\n"
        "create index idx_note_member_id on members.note (member_id);\n");
  CHECK(drafts[0].down == "drop table if exists members.note;\n");
  auto const placed =
      scaffold({.kind = Kind::table, .table = "NOTE"}, {.schema_placed = true}, Scope::tenant);
  CHECK(placed[0].up.rfind("create table {schema_name}.NOTE (\n    ID         uuid", 0) == 0);
  CHECK(placed[0].up.find("constraint PK_NOTE primary key (ID)") != std::string::npos);
}

TEST_CASE("what would lock a table for long comes in several files") {
  auto titles = [](ScaffoldRequest const& request) {
    std::string text;
    for (Draft const& draft : scaffold(request, {}, Scope::tenant))
      text += draft.title + (draft.no_transaction ? " (no transaction)" : "") + "\n";
    return text;
  };
  CHECK(titles({.kind = Kind::column, .table = "a.b", .column = "c", .type = "text"}) == "b_add_c\n");
  CHECK(titles({.kind = Kind::column,
                .table = "a.b",
                .column = "c",
                .type = "text",
                .value = "''",
                .not_null = true}) ==
        "b_add_c\nb_add_c_backfill (no transaction)\nb_add_c_not_null (no transaction)\n");
  CHECK(titles({.kind = Kind::foreign_key, .table = "a.b", .columns = {"c"}, .references = "a.d"}) ==
        "b_c_references_d_index (no transaction)\nb_c_references_d\nb_c_references_d_validate\n");
  CHECK(titles({.kind = Kind::index, .table = "a.b", .columns = {"c", "d"}}) ==
        "index_b_c_d (no transaction)\n");
}

TEST_CASE("what is no name, or would not parse, is refused with what would be right") {
  CHECK(refusal({.kind = Kind::table, .table = "note"}) ==
        "usage: table \"note\" has no schema | write schema.table");
  CHECK(refusal({.kind = Kind::table, .table = "a.b; drop table c"}) ==
        "usage: table \"b; drop table c\" is no plain name | letters, digits and _, at most 63 of them, no "
        "digit first");
  CHECK(refusal({.kind = Kind::table, .table = "a.note"}, {.schema_placed = true})
            .rfind("usage: the schema of", 0) == 0);
  CHECK(refusal({.kind = Kind::table, .table = "a.order", .columns = {"n int"}}) == "no error");
  CHECK(refusal({.kind = Kind::table, .table = "a.b", .columns = {"user text"}})
            .rfind("usage: PostgreSQL cannot read what this would make: syntax error at or near \"user\"",
                   0) == 0);
  CHECK(refusal({.kind = Kind::column, .table = "a.b", .column = "c"}) ==
        "usage: column c has no type | columns = { \"c text\" }");
  CHECK(refusal({.kind = Kind::column, .table = "a.b", .column = "c", .type = "text", .not_null = true})
            .rfind("usage: a column that is not null needs a value", 0) == 0);
  CHECK(refusal({.kind = Kind::permission,
                 .roles = {"r"},
                 .permissions = {"x"},
                 .permission_table = {.table = "a.b"}}) ==
        "usage: permission \"x\" is not ENTITY.ACTION | for example CLAIM.EDIT");
  CHECK_THROWS_AS(parse_scaffold_kind("tabel"), fleet::Error);
  CHECK_THROWS_AS(title_of("!?", {}), fleet::Error);
}

TEST_CASE("nothing is overwritten, and nothing is left of a half") {
  SetFolder folder;
  folder.write("002_b.sql", "mine");
  CHECK_THROWS_AS(write_new_files(folder.path(), {{"001_a.sql", "a"}, {"002_b.sql", "b"}}), fleet::Error);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "001_a.sql"));
  std::ifstream kept{folder.path() / "002_b.sql"};
  CHECK(std::string{std::istreambuf_iterator<char>{kept}, {}} == "mine");
  write_new_files(folder.path(), {{"20260427150000_x/migration.sql", "a"}});
  CHECK(std::filesystem::exists(folder.path() / "20260427150000_x/migration.sql"));
  folder.write("archive/050_old.sql", "x");
  CHECK(listed(taken_names(folder.path())).find("050_old.sql") != std::string::npos);
}
