// What `migrations:new` writes, on a real server: up, down and up again.

#include "migrations/engine/scaffold.hpp"

#include <doctest/doctest.h>

#include "migrations/engine/apply.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::FreshDatabase;
using tests::SetFolder;
using Kind = ScaffoldRequest::Kind;

namespace {

constexpr char const* base = R"sql(
create table members.member (id uuid primary key default gen_random_uuid(), name text not null, plan_code text);
create table members.plan (code text primary key);
create table members.role (code text primary key);
create table members.role_permission (role text not null references members.role (code), permission text not null, primary key (role, permission));
insert into members.plan values ('A');
insert into members.member (name, plan_code) select 'n' || i, 'A' from generate_series(1, 12000) i;
insert into members.role values ('biller'), ('viewer');
)sql";

// Columns, constraints and indexes, one a line.
constexpr char const* catalog = R"sql(
select string_agg(line, E'\n' order by line) from (
  select attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' || coalesce(pg_get_expr(adbin, adrelid), '') as line
    from pg_attribute a join pg_class c on c.oid = attrelid left join pg_attrdef d on adrelid = attrelid and adnum = attnum
   where relnamespace = 'members'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
  union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
    from pg_constraint where connamespace = 'members'::regnamespace
  union all select pg_get_indexdef(indexrelid) || ' ' || indisvalid from pg_index i join pg_class c on c.oid = indrelid
   where relnamespace = 'members'::regnamespace) l)sql";

std::vector<ScaffoldRequest> requests(std::string const& schema) {
  std::string const member = schema + "member";
  return {
      {.kind = Kind::table,
       .table = schema + "note",
       .columns = {"member_id uuid references " + member, "body text null",
                   "amount numeric(18,4) default 0"}},
      {.kind = Kind::column,
       .table = member,
       .column = "language",
       .type = "text",
       .value = "'en'",
       .not_null = true},
      {.kind = Kind::column, .table = member, .column = "nick", .type = "text"},
      {.kind = Kind::index, .table = member, .columns = {"name", "plan_code"}, .unique = true},
      {.kind = Kind::foreign_key,
       .table = member,
       .columns = {"plan_code"},
       .references = schema + "plan(code)"},
      {.kind = Kind::permission,
       .roles = {"biller", "viewer"},
       .permissions = {"CLAIM.READ", "CLAIM.EDIT"},
       .permission_table = {.table = schema + "role_permission", .role_table = schema + "role(code)"}},
      {.kind = Kind::drop, .table = member, .column = "nick", .type = "text"},
  };
}

void write_all(SetFolder const& folder, std::vector<ScaffoldRequest> const& list) {
  for (ScaffoldRequest const& request : list) {
    NamingScheme const scheme = naming_scheme(read_names(folder.path()));
    auto const drafts = scaffold(request, scheme, Scope::tenant);
    write_new_files(folder.path(), lay_out(drafts, scheme, Scope::tenant, taken_names(folder.path()),
                                           std::chrono::system_clock::now()));
  }
}

void up_down_up(FreshDatabase const& database, SetFolder const& folder, ApplyOptions const& options) {
  auto session = database.connect();
  apply(*session, folder.load(database.driver()), options, Version{{1}});
  std::string const before = database.one(catalog);
  MigrationSet const set = folder.load(database.driver());
  CHECK(tests::listed(set.problems()) == "");
  CHECK(tests::listed(set.check()) == "");
  apply(*session, set, options);
  std::string const after = database.one(catalog);
  CHECK(database.one("select count(*) from members.member where language is null") == "0");
  CHECK(database.one("select count(*) from members.role_permission") == "4");
  CHECK(after.find("members.member.language text true 'en'::text") != std::string::npos);
  CHECK(after.find("FOREIGN KEY (plan_code) REFERENCES members.plan(code) true") != std::string::npos);
  CHECK(after.find("NOT VALID") == std::string::npos);
  CHECK(after.find("idx_note_member_id") != std::string::npos);
  CHECK(after.find("nick") == std::string::npos);
  revert(*session, set, {.to = Version{{1}}}, options);
  CHECK(database.one(catalog) == before);
  CHECK(database.one("select count(*) from members.role_permission") == "0");
  apply(*session, set, options);
  CHECK(database.one(catalog) == after);
}

}  // namespace

TEST_CASE("every template runs, goes back and runs again") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_base.sql", std::string{"create schema members;"} + base);
  write_all(folder, requests("members."));
  up_down_up(database, folder, {});
}

TEST_CASE("the same in a set that is placed as a schema") {
  FreshDatabase database;
  database.run({"create schema members authorization tenantsh_admin"});
  SetFolder folder;
  std::string placed = base;
  for (std::size_t at = 0; (at = placed.find("members.", at)) != std::string::npos;)
    placed.replace(at, 7, "{schema_name}");
  folder.write("1_base.up.sql", placed);
  write_all(folder, requests(""));
  CHECK(std::filesystem::exists(folder.path() / "2_create_note.down.sql"));
  up_down_up(database, folder, {.schema_name = "members"});
}

TEST_CASE("permissions for a role that is not there are refused by name") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_base.sql", std::string{"create schema members;"} + base);
  write_all(folder,
            {{.kind = Kind::permission,
              .roles = {"biller", "nobody"},
              .permissions = {"CLAIM.READ"},
              .permission_table = {.table = "members.role_permission", .role_table = "members.role(code)"}}});
  auto session = database.connect();
  CHECK_THROWS_WITH_AS(apply(*session, folder.load(database.driver()), {}),
                       doctest::Contains("no such role: nobody"), fleet::Error);
  CHECK(database.one("select count(*) from members.role_permission") == "0");
}
