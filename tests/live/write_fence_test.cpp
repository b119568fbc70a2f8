#include "fleet/write_fence.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <sstream>
#include <thread>

#include "fleet/error.hpp"
#include "fleet/private_files.hpp"
#include "fleet/write_fence_proof.hpp"
#include "tests/support/throwaway_cluster.hpp"

using namespace fleet;
using tests::ThrowawayCluster;

namespace {

// One of its own: prepared transactions are off by default.
ThrowawayCluster& cluster() {
  ThrowawayCluster::shared();  // clears the PG* variables
  static ThrowawayCluster own{{{"max_prepared_transactions", "10"}, {"max_connections", "60"}}};
  return own;
}

// Every privilege and setting that a fence may touch, in one form whether it was given or is the default.
constexpr char const* everything = R"sql(
select string_agg(line, E'\n' order by line) from (
  select format('%s %s.%s %s: %s from %s to %s%s', c.relkind, n.nspname, c.relname, '', x.privilege_type, x.grantor::regrole,
                case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end, case when x.is_grantable then ' *' else '' end) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace,
         aclexplode(coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner))) x
   where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantsh') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select format('column %s.%s: %s from %s to %s%s', a.attrelid::regclass, a.attname, x.privilege_type, x.grantor::regrole,
                case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end, case when x.is_grantable then ' *' else '' end)
    from pg_attribute a, aclexplode(a.attacl) x where a.attrelid >= 16384 and a.attrelid::regclass::text !~ '^tenantsh'
  union all
  select format('schema %s: %s from %s to %s%s', n.nspname, x.privilege_type, x.grantor::regrole,
                case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end, case when x.is_grantable then ' *' else '' end)
    from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x where n.nspname !~ '^pg_' and n.nspname <> 'tenantsh'
  union all
  select format('database: %s from %s to %s%s', x.privilege_type, x.grantor::regrole,
                case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end, case when x.is_grantable then ' *' else '' end)
    from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x where d.datname = current_database()
  union all
  select format('lo_ %s: %s to %s', p.proname, x.privilege_type, x.grantee::regrole)
    from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where p.proname ~ '^lo_' and p.pronamespace = 'pg_catalog'::regnamespace
  union all
  select format('setting of %s: %s', s.setrole::regrole, s.setconfig) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
   where d.datname = current_database()) l)sql";

std::string sorted_text(Session& session, std::string const& sql) {
  return session.query(sql).value().value_or("");
}

// A tenant with owners, logins and grants of every kind; roles are the cluster's, so they have the place's
// number.
struct Place {
  explicit Place(Placement placement = Placement::database) {
    static int made = 0;
    n = std::to_string(++made);
    tenant.slug = "acme" + n;
    tenant.server = "pg-test";
    tenant.placement = placement;
    tenant.database_name = "tenant_" + n;
    if (placement == Placement::schema) tenant.schema_name = "shop";
    cluster().run(
        {"create role owner" + n + " nologin", "create role app" + n + " login password 'a password of app'",
         "create role other" + n + " login password 'a password of app'", "create role team" + n + " nologin",
         "create role lead" + n + " nologin", "grant owner" + n + " to tenantsh_admin",
         "grant team" + n + " to other" + n, "create database tenant_" + n + " owner owner" + n});
    std::string const owner = "set role owner" + n;
    super({owner,
           "create schema shop",
           "create schema other_shop",
           "create table shop.plain (id int generated always as identity primary key, note text, state text)",
           "create table shop.granted (id bigserial primary key, note text, state text)",
           "create table shop.parted (id int, at date) partition by range (at)",
           "create table shop.parted_1 partition of shop.parted for values from ('2026-01-01') to "
           "('2027-01-01')",
           "create view shop.notes as select id, note from shop.granted",
           "create materialized view shop.counted as select count(*) from shop.granted",
           "create table other_shop.item (id serial, note text)",
           "create sequence \"shop\".\"An odd 'name'\"",
           "grant usage on schema shop, other_shop to public",
           "grant select, insert, update, delete on shop.plain, shop.granted, shop.parted, shop.parted_1, "
           "shop.notes to app" +
               n,
           "grant usage on all sequences in schema shop to app" + n,
           "grant insert, delete, truncate on shop.granted to team" + n + " with grant option",
           "grant insert (note), update (note, state) on shop.plain to team" + n,
           "grant update (note) on shop.granted to lead" + n + " with grant option",
           "grant insert on shop.parted to public",
           "grant update on sequence \"shop\".\"An odd 'name'\" to public",
           "revoke delete on shop.plain from owner" + n,  // an owner without all of its own
           "grant trigger, references on shop.plain to lead" + n,
           "grant create on schema shop to lead" + n + " with grant option",
           "insert into shop.granted (note, state) values ('one', 'new')",
           "create function shop.through() returns bigint language sql security definer as $$ update "
           "shop.granted set note = note where false; select 1::bigint $$",
           "grant select, insert, update on other_shop.item to other" + n + ", app" + n});
    super({"set role team" + n, "grant insert on shop.granted to lead" + n + " with grant option"});
    super({"set role lead" + n, "grant insert on shop.granted to app" + n,
           "grant update (note) on shop.granted to other" + n, "grant create on schema shop to team" + n});
    super({"alter database tenant_" + n + " set work_mem = '5MB'",
           "alter role other" + n + " in database tenant_" + n + " set default_transaction_read_only = off"});
    admin = connect("tenantsh_admin", "a password of the admin", "tenantsh here 1 1 test");
    write_private_file(folder() / ("app" + n + ".dsn"), "host=" + folder().string() +
                                                            " port=5432 dbname=tenant_" + n + " user=app" +
                                                            n + " password='a password of app'\n");
    tenant.db_config_ref = "file:" + (folder() / ("app" + n + ".dsn")).string();
    before = everything_now();
  }
  ~Place() {
    admin.reset();
    try {
      cluster().run({"drop database tenant_" + n + " with (force)"});
    } catch (std::exception const&) {  // the cluster goes as a whole soon
    }
  }

  static std::filesystem::path folder() { return cluster().folder(); }
  // As superuser, past the fence.
  void super(std::vector<std::string> statements) const {
    statements.insert(statements.begin(), "set default_transaction_read_only = off");
    cluster().run(statements, tenant.database_name);
  }
  std::string everything_now() const {
    auto session =
        cluster().driver().connect(cluster().superuser(tenant.database_name), cluster().secrets(), {});
    return sorted_text(*session, everything);
  }
  std::unique_ptr<Session> connect(std::string const& user, std::string const& password,
                                   std::string const& application = "an application") const {
    write_private_file(folder() / (user + ".login"), password + "\n");
    Endpoint place = cluster().superuser(tenant.database_name);
    place.keywords["user"] = user;
    place.password = Secret::parse("file:" + (folder() / (user + ".login")).string());
    return cluster().driver().connect(place, cluster().secrets(), {.application_name = application});
  }
  std::unique_ptr<Session> app() const { return connect("app" + n, "a password of app"); }
  std::unique_ptr<Session> other() const { return connect("other" + n, "a password of app"); }
  FenceRequest request(FenceLevel level = FenceLevel::read_only) const {
    return {.tenant = tenant,
            .level = level,
            .by = "me@here",
            .holder = "tenantsh here 1 1 test",
            .reason = "because"};
  }
  FenceProof prove(FenceLevel level = FenceLevel::read_only, Session* old = nullptr) const {
    return prove_fence(*admin, tenant, level,
                       {cluster().driver(), cluster().secrets(), "tenantsh here 1 1 proof", {}}, old);
  }

  std::string n;
  Tenant tenant;
  std::unique_ptr<Session> admin;
  std::string before;
};

// The lines that only one of the two has.
std::string difference(std::string const& before, std::string const& after) {
  std::map<std::string, int> lines;
  auto count = [&lines](std::string const& text, int one) {
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines[line] += one;
  };
  count(before, -1);
  count(after, 1);
  std::string text;
  for (auto const& [line, left] : lines)
    if (left != 0) text += (left < 0 ? "missing: " : "new: ") + line + "\n";
  return text;
}

std::string error_of(std::function<void()> const& work) {
  try {
    work();
  } catch (Error const& error) {
    return std::string{to_string(error.kind)} + " " + error.sqlstate + ": " + error.message;
  }
  return "through";
}

// What becomes of a write, in one word.
std::string fate(Session& session, std::vector<std::string> const& statements) {
  std::string const text = error_of([&] {
    Transaction const rolled_back{session, Access::read_write};
    for (std::string const& sql : statements) session.query(sql);
  });
  if (text.starts_with("sql 42501") || text.starts_with("sql 25006")) return "blocked";
  if (text.starts_with("connect")) return "ended";
  return text;
}

std::string leaks_of(FenceProof const& proof) {
  std::string text;
  for (FenceAttempt const& one : proof.leaks())
    text += one.who + ": " + one.attempt + " " + one.result + " " + one.sqlstate + "\n";
  return text;
}

}  // namespace

TEST_CASE("a fence holds against every way round it, and lowering gives back every privilege") {
  Place place;
  auto old = place.app(), in_flight = place.app();
  in_flight->begin(Access::read_write);
  in_flight->query("update shop.granted set note = 'in flight'");

  FenceChange const up = raise_fence(*place.admin, place.request());
  CHECK(up.changed);
  CHECK(up.fence.state == FenceState::up);
  CHECK(up.fence.by == "me@here");
  CHECK(up.fence.reason == "because");
  CHECK(up.fence.privileges > 40);
  CHECK(up.fence.gaps.empty());
  CHECK(up.notes.empty());

  // The sessions from before are gone, and what one of them was about to commit with it.
  CHECK(fate(*old, {"update shop.granted set note = 'x'"}) == "ended");
  CHECK(error_of([&] { in_flight->commit(); }) != "through");
  auto reader = place.app();
  CHECK(reader->query("select note from shop.granted").value() == "one");

  std::string const write = "update shop.granted set note = 'x'",
                    off = "set default_transaction_read_only = off";
  std::string const rw = "set transaction read write";
  auto app = place.app();
  CHECK(fate(*app, {write}) == "blocked");
  CHECK(fate(*app, {rw, write}) == "blocked");
  CHECK(fate(*app, {rw, "insert into shop.granted (note) values ('x')"}) == "blocked");
  CHECK(fate(*app, {rw, "delete from shop.granted"}) == "blocked");
  CHECK(fate(*app, {rw, "insert into shop.parted values (1, '2026-05-05')"}) == "blocked");
  CHECK(fate(*app, {rw, "update shop.notes set note = 'x'"}) == "blocked");
  CHECK(fate(*app, {rw, "select nextval('shop.granted_id_seq')"}) == "blocked");
  CHECK(fate(*app, {rw, "select setval('shop.\"An odd ''name''\"', 5)"}) == "blocked");
  CHECK(fate(*app, {rw, "select shop.through()"}) == "blocked");
  CHECK(fate(*app, {"select shop.through()"}) == "blocked");
  CHECK(fate(*app, {rw, "copy shop.granted (note) from program 'true'"}) == "blocked");
  CHECK(fate(*app, {rw, "select from shop.granted for update"}) == "blocked");
  app->query(off);
  CHECK(fate(*app, {write}) == "blocked");
  CHECK(fate(*app, {"create table shop.new ()"}) == "blocked");
  // A role with its own setting, privileges on columns and through a group.
  auto other = place.other();
  CHECK(other->query("show default_transaction_read_only").value() == "on");
  CHECK(fate(*other, {rw, "update shop.granted set note = 'x'"}) == "blocked");
  CHECK(fate(*other, {rw, "update shop.plain set note = 'x'"}) == "blocked");
  CHECK(fate(*other, {rw, "truncate shop.granted"}) == "blocked");
  // The owner, in the admin's own session.
  CHECK(fate(*place.admin, {rw, "set local role owner" + place.n, write}) == "blocked");
  CHECK(fate(*place.admin, {rw, "set local role owner" + place.n, "create table shop.new ()"}) == "blocked");
  CHECK(fate(*place.admin, {rw, write}) == "blocked");
  // What no REVOKE stops is where help says it is.
  CHECK(fate(*app, {rw, "select lo_create(0)"}) == "through");

  FenceProof const proof = place.prove(FenceLevel::read_only, old.get());
  CHECK(leaks_of(proof) == "");
  CHECK(proof.attempts.size() >= 13);
  CHECK(proof.notes.empty());

  // The admin reads all of it, as pg_dump would.
  CHECK(place.admin->query("select count(*) from shop.plain").value() == "0");
  CHECK(place.everything_now() != place.before);
  FenceChange const down = lower_fence(*place.admin, place.request());
  CHECK(down.changed);
  CHECK(down.fence.state == FenceState::down);
  CHECK(difference(place.before, place.everything_now()) == "");
  CHECK(fate(*place.app(), {write}) == "through");
  CHECK_FALSE(leaks_of(place.prove()).empty());  // a proof that cannot fail proves nothing
  CHECK(difference(place.before, place.everything_now()) == "");
  CHECK_FALSE(lower_fence(*place.admin, place.request()).changed);
}

TEST_CASE("raising again revokes what came open and keeps what was kept first") {
  Place place;
  raise_fence(*place.admin, place.request());
  std::string const fenced = place.everything_now();
  CHECK_FALSE(raise_fence(*place.admin, place.request()).changed);
  CHECK(difference(fenced, place.everything_now()) == "");

  place.super({"set role owner" + place.n, "grant delete on shop.plain to owner" + place.n,
               "grant insert on shop.granted to app" + place.n});
  place.super({"alter database tenant_" + place.n + " reset default_transaction_read_only"});
  std::string gaps;
  for (std::string const& gap : fence_state(*place.admin, place.tenant).gaps) gaps += gap + "\n";
  CHECK(gaps == "insert on shop.granted by app" + place.n + "\ndelete on shop.plain by owner" + place.n +
                    "\ndefault_transaction_read_only is off for the database\n");
  CHECK(leaks_of(place.prove()).find("app" + place.n + ": a privilege to write on shop.granted") !=
        std::string::npos);
  CHECK(raise_fence(*place.admin, place.request()).changed);
  CHECK(fence_state(*place.admin, place.tenant).gaps.empty());
  CHECK(leaks_of(place.prove()) == "");

  lower_fence(*place.admin, place.request());
  // What was granted meanwhile is kept too.
  place.super({"set role owner" + place.n, "revoke delete on shop.plain from owner" + place.n});
  CHECK(difference(place.before, place.everything_now()) == "");
}

TEST_CASE("objects and roles that change while the fence is up") {
  Place place;
  raise_fence(*place.admin, place.request());
  place.super({"alter table shop.granted rename to renamed", "drop table shop.parted", "drop view shop.notes",
               "alter table shop.plain drop column state"});
  FenceChange const down = lower_fence(*place.admin, place.request());
  std::string notes;
  for (std::string const& note : down.notes) notes += note + "\n";
  CHECK(notes.find("privileges of app" + place.n + " on table shop.parted") != std::string::npos);
  CHECK(notes.find("privileges of team" + place.n + " on column shop.plain") != std::string::npos);
  CHECK(fate(*place.app(), {"update shop.renamed set note = 'x'"}) == "through");
  CHECK(fate(*place.other(), {"update shop.plain set note = 'x'"}) == "through");
}

TEST_CASE("a prepared transaction is refused by name") {
  Place place;
  auto session = place.app();
  session->script("begin; update shop.granted set note = 'prepared'; prepare transaction 'month end'");
  std::string const refusal = error_of([&] { raise_fence(*place.admin, place.request()); });
  CHECK(refusal.starts_with("refused : a prepared transaction is open in database tenant_" + place.n +
                            ": \"month end\" of app" + place.n + ", 00:00:0"));
  CHECK(difference(place.before, place.everything_now()) == "");
  CHECK(fence_state(*place.admin, place.tenant).state == FenceState::down);
  session->query("rollback prepared 'month end'");
  CHECK(raise_fence(*place.admin, place.request()).changed);
}

TEST_CASE("of a shared database only a prepared transaction of the tenant's own schema is refused") {
  Place place{Placement::schema};
  auto session = place.app();
  session->script("begin; update other_shop.item set note = 'x'; prepare transaction 'of the neighbour'");
  CHECK(raise_fence(*place.admin, place.request()).changed);
  lower_fence(*place.admin, place.request());
  session->script("begin; update shop.granted set note = 'x'; prepare transaction 'its own'");
  CHECK(error_of([&] { raise_fence(*place.admin, place.request()); })
            .starts_with("refused : a prepared transaction is open in schema shop: \"its own\" of app" +
                         place.n));
  CHECK(difference(place.before, place.everything_now()) == "");
  session->query("rollback prepared 'its own'");
  session->query("rollback prepared 'of the neighbour'");
}

TEST_CASE("suspended keeps the application out and lets the admin in") {
  Place place;
  auto old = place.app();
  CHECK(raise_fence(*place.admin, place.request(FenceLevel::suspended)).fence.level == FenceLevel::suspended);
  CHECK(fate(*old, {"select 1"}) == "ended");
  CHECK(error_of([&] { place.app(); }).find("42501") != std::string::npos);
  CHECK(error_of([&] { place.other(); }).find("42501") != std::string::npos);
  CHECK(place.connect("tenantsh_admin", "a password of the admin")
            ->query("select count(*) from shop.granted")
            .value() == "1");
  CHECK(leaks_of(place.prove(FenceLevel::suspended)) == "");

  CHECK(raise_fence(*place.admin, place.request()).changed);
  CHECK(fence_state(*place.admin, place.tenant).level == FenceLevel::read_only);
  CHECK(fate(*place.app(), {"select from shop.granted"}) == "through");
  CHECK(leaks_of(place.prove()) == "");
  CHECK(raise_fence(*place.admin, place.request(FenceLevel::suspended)).changed);
  CHECK(error_of([&] { place.app(); }).find("42501") != std::string::npos);
  lower_fence(*place.admin, place.request());
  CHECK(difference(place.before, place.everything_now()) == "");
}

TEST_CASE("another run's fence is left alone") {
  Place place;
  FenceRequest held = place.request(), mine = place.request();
  held.run_id = "r1";
  held.reason = "pg_dump snapshot";
  mine.run_id = "r2";
  raise_fence(*place.admin, held);
  CHECK_FALSE(raise_fence(*place.admin, mine).changed);
  CHECK(fence_state(*place.admin, place.tenant).run_id == "r1");
  CHECK(error_of([&] { lower_fence(*place.admin, mine); })
            .starts_with("refused : the write fence of " + place.tenant.slug +
                         " is held by run r1 (me@here, since 2"));
  mine.level = FenceLevel::suspended;
  CHECK(error_of([&] { raise_fence(*place.admin, mine); }).starts_with("refused : the write fence of"));
  mine.take = true;
  lower_fence(*place.admin, mine);
  CHECK(difference(place.before, place.everything_now()) == "");
}

TEST_CASE("what cannot be revoked or given back is refused before anything changes") {
  Place place;
  place.super({"create role stranger" + place.n, "create table shop.strange (id int)",
               "alter table shop.strange owner to stranger" + place.n,
               "grant insert on shop.strange to app" + place.n});
  std::string const before = place.everything_now();
  CHECK(error_of([&] { raise_fence(*place.admin, place.request()); }) ==
        "refused : insert on shop.strange by app" + place.n + " cannot be revoked: its owner stranger" +
            place.n + " is no role of tenantsh_admin");
  CHECK(difference(before, place.everything_now()) == "");
  place.super({"grant stranger" + place.n + " to tenantsh_admin"});
  raise_fence(*place.admin, place.request());
  CHECK(leaks_of(place.prove()) == "");
  lower_fence(*place.admin, place.request());
  CHECK(difference(before, place.everything_now()) == "");
}

TEST_CASE("a superuser's session stays and is named") {
  Place place;
  auto super = cluster().driver().connect(cluster().superuser(place.tenant.database_name),
                                          cluster().secrets(), {.application_name = "somebody's psql"});
  FenceChange const up = raise_fence(*place.admin, place.request());
  REQUIRE(up.notes.size() == 1);
  CHECK(up.notes[0] == "session " + std::to_string(super->backend_pid()) +
                           " of superuser postgres (\"somebody's psql\") stays");
  CHECK(super->is_open());
}

TEST_CASE("a schema in a shared database is fenced alone") {
  Place place{Placement::schema};
  // app writes in shop and other_shop, local in shop only.
  place.super({"create role local" + place.n + " login password 'a password of app'",
               "grant insert, update on shop.plain to local" + place.n});
  std::string const before = place.everything_now();
  auto shared = place.app(), shared_writer = place.app(),
       local = place.connect("local" + place.n, "a password of app");
  shared_writer->begin(Access::read_write);
  shared_writer->query("update shop.granted set note = 'in flight'");
  FenceChange const up = raise_fence(*place.admin, place.request());
  std::string notes;
  for (std::string const& note : up.notes) notes += note + "\n";
  CHECK(notes.find("app" + place.n + " writes in other schemas too: its sessions stay") != std::string::npos);
  CHECK(shared->is_open());
  // What PUBLIC may do in the schema makes no login of somebody else's the tenant's own.
  CHECK(place.everything_now().find("setting of app1:") == std::string::npos);
  CHECK(fate(*shared, {"update shop.granted set note = 'x'"}) == "blocked");
  CHECK(fate(*shared, {"update other_shop.item set note = 'x'"}) == "through");
  CHECK(error_of([&] { shared_writer->commit(); }) != "through");
  CHECK(fate(*local, {"select 1"}) == "ended");
  auto again = place.connect("local" + place.n, "a password of app");
  CHECK(again->query("show default_transaction_read_only").value() == "on");
  CHECK(fate(*again, {"set transaction read write", "update shop.plain set note = 'x'"}) == "blocked");
  CHECK(leaks_of(place.prove()) == "");

  raise_fence(*place.admin, place.request(FenceLevel::suspended));
  CHECK(fate(*shared, {"select from shop.granted"}) == "blocked");
  CHECK(fate(*shared, {"select from other_shop.item"}) == "through");
  CHECK(place.admin->query("select count(*) from shop.granted").value() == "1");
  CHECK(leaks_of(place.prove(FenceLevel::suspended)) == "");
  lower_fence(*place.admin, place.request());
  CHECK(difference(before, place.everything_now()) == "");
}

TEST_CASE("a copy of a fenced database gets back what the original had") {
  Place place;
  raise_fence(*place.admin, place.request());
  place.admin.reset();
  std::string const copy = "copy_" + place.n;
  cluster().run({"create database " + copy + " template tenant_" + place.n + " owner owner" + place.n});
  place.tenant.database_name = copy;
  place.admin = place.connect("tenantsh_admin", "a password of the admin", "tenantsh here 1 1 test");
  CHECK(fence_state(*place.admin, place.tenant).state == FenceState::carried);
  SUBCASE("lowered") {}
  SUBCASE("raised first") {
    CHECK(raise_fence(*place.admin, place.request()).changed);
    CHECK(fence_state(*place.admin, place.tenant).state == FenceState::up);
    CHECK(fence_state(*place.admin, place.tenant).gaps.empty());
  }
  lower_fence(*place.admin, place.request());
  // But for the settings and the privileges of the database, which do not travel.
  auto of_objects = [](std::string const& text) {
    std::string kept;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t const end = std::min(text.find('\n', at), text.size());
      std::string const line = text.substr(at, end - at);
      if (!line.starts_with("setting") && !line.starts_with("database")) kept += line + "\n";
      at = end + 1;
    }
    return kept;
  };
  CHECK(difference(of_objects(place.before), of_objects(place.everything_now())) == "");
  place.admin.reset();
  cluster().run({"drop database " + copy + " with (force)"});
  place.tenant.database_name = "tenant_" + place.n;
}

TEST_CASE("two of us at once leave what was there") {
  Place place;
  std::atomic<int> broken = 0;
  auto toggle = [&](Session* admin) {
    for (int turn = 0; turn < 10; ++turn) {
      try {
        raise_fence(*admin, place.request(turn % 2 == 0 ? FenceLevel::read_only : FenceLevel::suspended));
        lower_fence(*admin, place.request());
      } catch (Error const&) {
        ++broken;
      }
    }
  };
  auto one = place.connect("tenantsh_admin", "a password of the admin", "tenantsh here 2 2 test");
  auto two = place.connect("tenantsh_admin", "a password of the admin", "tenantsh here 3 3 test");
  std::thread first{toggle, one.get()}, second{toggle, two.get()};
  first.join();
  second.join();
  CHECK(broken == 0);
  CHECK(fence_state(*place.admin, place.tenant).state == FenceState::down);
  CHECK(difference(place.before, place.everything_now()) == "");
}
