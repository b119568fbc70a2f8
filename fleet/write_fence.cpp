#include "fleet/write_fence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/write_fence_privileges.hpp"
#include "fleet/write_fence_sessions.hpp"

namespace fleet {
namespace {

using Statements = std::vector<std::string>;

constexpr char const* setting = "default_transaction_read_only";

// A fenced database makes every transaction read-only that does not say otherwise.
constexpr std::string_view fencing =
    "set transaction read write; set local lock_timeout = '10s'; set local search_path = ''";

constexpr char const* tables_sql = R"sql(
create table tenantsh.fence (
  schema_name       text        primary key,   -- '' is the whole database
  level             text        not null check (level in ('read_only', 'suspended')),
  since             timestamptz not null default clock_timestamp(),
  raised_by         text        not null,
  holder            text        not null,
  reason            text,
  run_id            text,
  drained_at        timestamptz,               -- the sessions from before were ended
  database_oid      oid         not null,
  system_identifier bigint      not null       -- with the oid: tells a copy from the database that was fenced
);
comment on table tenantsh.fence is
  'A write fence that is up. tenantsh lowers it (tenants.SLUG:set_status{ status = "active" }); fence_privilege says what was revoked.';
create table tenantsh.fence_privilege (
  schema_name   text    not null references tenantsh.fence (schema_name) on delete cascade,
  level         text    not null,
  kind          text    not null check (kind in ('table', 'column', 'sequence', 'schema', 'database', 'function')),
  object_oid    oid     not null,
  object_schema text    not null,
  object        text    not null,
  column_name   text    not null,
  owner         text    not null,
  grantor       text    not null,
  grantee       text    not null,              -- '' is PUBLIC
  privilege     text    not null,
  grantable     boolean not null,
  added         boolean not null default false, -- granted to the admin by the fence
  primary key (schema_name, kind, object_oid, column_name, grantor, grantee, privilege, added)
);
create table tenantsh.fence_setting (
  schema_name text not null references tenantsh.fence (schema_name) on delete cascade,
  role_name   text not null,                   -- '' is the database itself
  former      text,                            -- null: there was none
  primary key (schema_name, role_name)
);
revoke all on tenantsh.fence, tenantsh.fence_privilege, tenantsh.fence_setting from public)sql";

constexpr char const* here_sql =
    "d.oid = f.database_oid and (select c.system_identifier from pg_catalog.pg_control_system() c) = "
    "f.system_identifier";

std::string scope_of(Tenant const& tenant) {
  return tenant.placement == Placement::schema ? tenant.schema_name : "";
}

std::string place_of(Tenant const& tenant) {
  return tenant.placement == Placement::schema ? "schema " + tenant.schema_name
                                               : "database " + tenant.database_name;
}

bool has_tables(Session& session) {
  return session.query("select to_regclass('tenantsh.fence_setting') is not null").value() == "t";
}

std::optional<std::string> unless_empty(std::string const& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

std::vector<HeldPrivilege> open_privileges(Session& session, std::string const& scope, FenceLevel level) {
  return privileges_of(
      session.query({open_privileges_sql(), {scope, level == FenceLevel::suspended ? "t" : "f"}}));
}

// A role's or the database's own value of the setting, '' is the database.
struct Setting {
  std::string role;
  std::optional<std::string> former;
};

Result database_identity(Session& session) {
  return session.query(
      "select d.oid, c.system_identifier from pg_catalog.pg_database d, pg_catalog.pg_control_system() c "
      "where d.datname = current_database()");
}

std::string set_sql(Session const& session, std::string const& role,
                    std::optional<std::string> const& value) {
  std::string const database = session.quote_identifier(session.database());
  std::string const whom = role.empty()
                               ? "database " + database
                               : "role " + session.quote_identifier(role) + " in database " + database;
  return "alter " + whom +
         (value
              ? fmt::format(" set {} = {}", setting, *value == "on" ? *value : session.quote_literal(*value))
              : fmt::format(" reset {}", setting));
}

class FenceWork {
 public:
  FenceWork(Session& session, FenceRequest const& request)
      : session_(session), request_(request), scope_(scope_of(request.tenant)) {}

  FenceChange raise();
  FenceChange lower();
  Statements raising();
  Statements lowering();
  Fence state();

 private:
  // One of us at a time in a database: another would save the revoked state.
  void lock();
  void read();
  void adopt_copy();
  void check_holder(std::string const& what) const;
  void make_tables();
  void write_row();
  void save(FenceLevel level);
  void check_revocable(std::vector<HeldPrivilege> const& open);
  enum class Saving { yes, no };
  Statements admit(Saving saving);
  std::vector<Setting> missing_settings();
  void save_settings(std::vector<Setting> const& settings);
  std::vector<HeldPrivilege> saved(bool suspended_only);
  void forget_what_is_gone();
  void check_restored();
  Statements give_back(std::vector<HeldPrivilege> held);
  void send(Statements const& statements);
  FenceChange end(bool changed);

  Session& session_;
  FenceRequest const& request_;
  std::string scope_;
  Fence row_;
  bool drained_ = false;
  std::vector<std::string> notes_;
};

void FenceWork::lock() {
  try {
    session_.query(
        {"select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))", {"tenantsh.fence"}});
  } catch (Error& error) {
    if (error.sqlstate != "55P03") throw;
    throw Error{ErrorKind::locked,
                "somebody else is raising or lowering the write fence of " + place_of(request_.tenant)}
        .with_hint("wait for it, then look: tenantsh tenants fence --tenants " + request_.tenant.slug)
        .at_tenant(request_.tenant.slug);
  }
}

void FenceWork::read() {
  row_ = {};
  drained_ = false;
  if (!has_tables(session_)) return;
  Result const found = session_.query(
      {fmt::format(
           "select f.level, to_char(f.since at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as since, "
           "f.raised_by, f.holder, f.reason, f.run_id, f.drained_at is not null as drained, {} as here, "
           "(select count(*) from tenantsh.fence_privilege p where p.schema_name = f.schema_name and not "
           "p.added) as privileges "
           "from tenantsh.fence f, pg_catalog.pg_database d "
           "where f.schema_name = $1 and d.datname = current_database()",
           here_sql),
       {scope_}});
  if (found.empty()) return;
  row_.state = found.text(0, "here") == "t" ? FenceState::up : FenceState::carried;
  row_.level = found.text(0, "level") == "suspended" ? FenceLevel::suspended : FenceLevel::read_only;
  row_.since = found.text(0, "since");
  row_.by = found.text(0, "raised_by");
  row_.holder = found.text(0, "holder");
  row_.reason = found.text(0, "reason");
  row_.run_id = found.text(0, "run_id");
  row_.privileges = std::stoll(found.text(0, "privileges"));
  drained_ = found.text(0, "drained") == "t";
}

// A copy has the fence's rows and the revoked privileges of its tables; what belongs to a database as a whole
// (its own privileges, settings) stayed behind, and its objects have other oids.
void FenceWork::adopt_copy() {
  Result const here = database_identity(session_);
  session_.query({"delete from tenantsh.fence_setting where schema_name = $1", {scope_}});
  session_.query(
      {"delete from tenantsh.fence_privilege where schema_name = $1 and (kind = 'database' or added)",
       {scope_}});
  session_.query(
      {"update tenantsh.fence_privilege p set object_oid = coalesce(case "
       "when p.kind = 'schema' then (select n.oid from pg_catalog.pg_namespace n where n.nspname = p.object) "
       "when p.kind = 'function' then pg_catalog.to_regprocedure(p.object)::oid "
       "else (select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
       "c.relnamespace "
       "where n.nspname = p.object_schema and c.relname = p.object) end, 0::oid) where p.schema_name = $1",
       {scope_}});
  session_.query(
      {"update tenantsh.fence set database_oid = $2::oid, system_identifier = $3::bigint, since = "
       "clock_timestamp(), raised_by = $4, holder = $5, reason = $6, run_id = $7, drained_at = null "
       "where schema_name = $1",
       {scope_, here.text(0, "oid"), here.text(0, "system_identifier"), request_.by, request_.holder,
        unless_empty(request_.reason), unless_empty(request_.run_id)}});
}

void FenceWork::check_holder(std::string const& what) const {
  if (row_.state != FenceState::up || request_.take || row_.run_id.empty() || row_.run_id == request_.run_id)
    return;
  throw Error{ErrorKind::refused, fmt::format("the write fence of {} is held by run {} ({}, since {}{}): {}",
                                              request_.tenant.slug, row_.run_id, row_.by, row_.since,
                                              row_.reason.empty() ? "" : ", \"" + row_.reason + "\"", what)}
      .with_hint("that run puts it back when it ends or is resumed: tenantsh runs show " + row_.run_id +
                 "; when it never will: take = true")
      .at_tenant(request_.tenant.slug);
}

void FenceWork::make_tables() {
  if (has_tables(session_)) return;
  if (session_.query("select to_regnamespace('tenantsh') is null").value() == "t")
    session_.query("create schema tenantsh");
  session_.script(tables_sql);
}

void FenceWork::write_row() {
  Result const here = database_identity(session_);
  session_.query(
      {"insert into tenantsh.fence (schema_name, level, raised_by, holder, reason, run_id, database_oid, "
       "system_identifier) values ($1, $2, $3, $4, $5, $6, $7::oid, $8::bigint) "
       "on conflict (schema_name) do update set level = excluded.level, since = excluded.since, raised_by = "
       "excluded.raised_by, holder = excluded.holder, reason = excluded.reason, run_id = excluded.run_id",
       {scope_, std::string{to_string(request_.level)}, request_.by, request_.holder,
        unless_empty(request_.reason), unless_empty(request_.run_id), here.text(0, "oid"),
        here.text(0, "system_identifier")}});
}

void FenceWork::save(FenceLevel level) {
  session_.query(
      {"insert into tenantsh.fence_privilege select $1, o.level, o.kind, o.object_oid, o.object_schema, "
       "o.object, o.column_name, o.owner, o.grantor, o.grantee, o.privilege, o.grantable, false from (" +
           open_privileges_sql() + ") o on conflict do nothing",
       {scope_, level == FenceLevel::suspended ? "t" : "f"}});
}

// What could not be revoked, or not be given back as it was, is refused before anything changes.
void FenceWork::check_revocable(std::vector<HeldPrivilege> const& open) {
  std::string const admin = session_.query("select session_user::text").value().value_or("");
  for (HeldPrivilege const& one : open) {
    if (one.may) continue;
    throw Error{ErrorKind::refused, fmt::format("{} cannot be revoked: its owner {} is no role of {}",
                                                describe(one), one.owner, admin)}
        .with_hint(fmt::format("have a superuser run: grant {} to {}", session_.quote_identifier(one.owner),
                               session_.quote_identifier(admin)))
        .at_tenant(request_.tenant.slug);
  }
  std::set<std::string> grantors;
  for (HeldPrivilege const& one : open)
    if (one.grantor != one.owner) grantors.insert(one.grantor);
  for (std::string const& grantor : grantors) {
    std::string const name = session_.quote_identifier(grantor);
    if (session_.query({"select pg_catalog.pg_has_role($1, 'MEMBER')", {grantor}}).value() == "t") continue;
    try {
      session_.script("savepoint becoming; grant " + name + " to session_user; set local role " + name +
                      "; reset role; rollback to savepoint becoming");
    } catch (Error const& error) {
      if (error.sqlstate.empty()) throw;
      throw Error{
          ErrorKind::refused,
          fmt::format("{} has passed on privileges that only {} itself can give back", grantor, grantor)}
          .with_detail(error.message)
          .with_hint(
              fmt::format("have a superuser run: grant {} to {}", name, session_.quote_identifier(admin)))
          .at_tenant(request_.tenant.slug);
    }
  }
}

// So that the admin still gets in where everybody else is kept out.
Statements FenceWork::admit(Saving saving) {
  if (request_.level != FenceLevel::suspended) return {};
  bool const whole = scope_.empty();
  std::string const kind = whole ? "database" : "schema", privilege = whole ? "CONNECT" : "USAGE";
  Result const place = session_.query(
      {"select p.oid, p.owner::regrole::text as owner, p.name, u.rolsuper or exists (select from "
       "pg_catalog.aclexplode(p.acl) x where x.grantee = u.oid and x.privilege_type = $2) as enters "
       "from (select d.oid, d.datdba as owner, d.datname as name, d.datacl as acl from "
       "pg_catalog.pg_database d "
       "where $1 = '' and d.datname = current_database() "
       "union all select n.oid, n.nspowner, n.nspname, n.nspacl from pg_catalog.pg_namespace n where "
       "n.nspname = $1) "
       "p, pg_catalog.pg_roles u where u.rolname = session_user",
       {scope_, privilege}});
  if (place.empty() || place.text(0, "enters") == "t") return {};
  if (saving == Saving::yes)
    session_.query(
        {"insert into tenantsh.fence_privilege select $1, 'suspended', $2, $3::oid, $4, $5, '', o.rolname, "
         "o.rolname, session_user, $6, false, true from pg_catalog.pg_roles o where o.oid = "
         "$7::regrole on conflict do nothing",
         {scope_, kind, place.text(0, "oid"), scope_, place.text(0, "name"), privilege,
          place.text(0, "owner")}});
  return {fmt::format("grant {} on {} {} to session_user", whole ? "connect" : "usage", kind,
                      session_.quote_identifier(place.text(0, "name")))};
}

// Roles that would still begin transactions that write, with the value they have for themselves in this
// database.
std::vector<Setting> FenceWork::missing_settings() {
  // What role `oid` (0: the database) has in database d.
  auto own = [](std::string const& oid) {
    return "(select substr(c.entry, length('default_transaction_read_only=') + 1) from "
           "pg_catalog.pg_db_role_setting "
           "s, unnest(s.setconfig) c(entry) where s.setdatabase = d.oid and s.setrole = " +
           oid + " and c.entry like 'default\\_transaction\\_read\\_only=%')";
  };
  // A role's own setting, in this database or everywhere, goes before the database's.
  std::string const overriding =
      "exists (select from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c(entry) where s.setrole = "
      "r.oid and "
      "s.setdatabase in (0, d.oid) and c.entry like 'default\\_transaction\\_read\\_only=%')";
  std::vector<Setting> missing;
  auto take = [&missing](Result const& rows, std::size_t row) {
    auto const former = rows.at(row, "former");
    missing.push_back({rows.text(row, "role"), former ? std::optional{std::string{*former}} : std::nullopt});
  };
  std::string own_logins = "''";
  if (scope_.empty()) {
    Result const database = session_.query(
        "select '' as role, " + own("0") +
        " as former from pg_catalog.pg_database d where d.datname = current_database() and coalesce(" +
        own("0") + ", 'off') <> 'on'");
    if (!database.empty()) take(database, 0);
  } else {
    for (Writer const& writer : writers(session_, scope_)) {
      if (writer.shared)
        notes_.push_back(
            fmt::format("{} writes in other schemas too: its sessions stay, those that hold locks for "
                        "writing in {} apart",
                        writer.role, scope_));
      else
        own_logins += ", " + session_.quote_literal(writer.role);
    }
  }
  Result const roles =
      session_.query("select r.rolname as role, " + own("r.oid") +
                     " as former from pg_catalog.pg_roles r, pg_catalog.pg_database d where d.datname = "
                     "current_database() and not "
                     "r.rolsuper and r.rolname <> session_user and coalesce(" +
                     own("r.oid") + ", 'off') <> 'on' and " +
                     (scope_.empty() ? overriding : "r.rolname in (" + own_logins + ")") + " order by 1");
  for (std::size_t row = 0; row < roles.rows(); ++row) {
    if (may_set(session_, roles.text(row, "role")))
      take(roles, row);
    else
      notes_.push_back(
          fmt::format("{} keeps its own {}, which the admin may not change: only the privileges that it "
                      "lacks stop it",
                      roles.text(row, "role"), setting));
  }
  return missing;
}

void FenceWork::save_settings(std::vector<Setting> const& settings) {
  for (Setting const& one : settings)
    session_.query({"insert into tenantsh.fence_setting values ($1, $2, $3) on conflict do nothing",
                    {scope_, one.role, one.former}});
}

std::vector<HeldPrivilege> FenceWork::saved(bool suspended_only) {
  return privileges_of(
      session_.query({"select * from tenantsh.fence_privilege where schema_name = $1 and ($2 = 'f' or level "
                      "= 'suspended') order by "
                      "kind, object_schema, object, column_name, grantor, grantee, privilege",
                      {scope_, suspended_only ? "t" : "f"}}));
}

// Objects, columns and roles that were dropped since have nothing to be given back; those that were renamed
// have their new names.
void FenceWork::forget_what_is_gone() {
  session_.query(
      {"update tenantsh.fence_privilege p set object = l.name, object_schema = l.schema_name, owner = "
       "l.owner, "
       "grantor = case when p.grantor = p.owner then l.owner else p.grantor end, "
       "grantee = case when p.grantee = p.owner then l.owner else p.grantee end from ("
       "select 'relation' as kind, c.oid, c.relname::text as name, n.nspname::text as schema_name, "
       "r.rolname::text as owner "
       "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join "
       "pg_catalog.pg_roles r on r.oid = c.relowner "
       "union all select 'schema', n.oid, n.nspname::text, n.nspname::text, r.rolname::text from "
       "pg_catalog.pg_namespace n "
       "join pg_catalog.pg_roles r on r.oid = n.nspowner "
       "union all select 'database', d.oid, d.datname::text, '', r.rolname::text from pg_catalog.pg_database "
       "d join "
       "pg_catalog.pg_roles r on r.oid = d.datdba) l "
       "where p.schema_name = $1 and l.oid = p.object_oid and l.kind = case when p.kind in ('schema', "
       "'database') "
       "then p.kind else 'relation' end and p.kind <> 'function' "
       "and (l.name, l.schema_name, l.owner) is distinct from (p.object, p.object_schema, p.owner)",
       {scope_}});
  Result const gone = session_.query(
      {"delete from tenantsh.fence_privilege p where p.schema_name = $1 and (not case p.kind "
       "when 'schema' then exists (select from pg_catalog.pg_namespace n where n.oid = p.object_oid) "
       "when 'database' then exists (select from pg_catalog.pg_database d where d.oid = p.object_oid) "
       "when 'function' then exists (select from pg_catalog.pg_proc f where f.oid = p.object_oid) "
       "when 'column' then exists (select from pg_catalog.pg_attribute a where a.attrelid = p.object_oid and "
       "a.attname = "
       "p.column_name and not a.attisdropped) "
       "else exists (select from pg_catalog.pg_class c where c.oid = p.object_oid) end "
       "or p.grantee <> '' and not exists (select from pg_catalog.pg_roles r where r.rolname = p.grantee) "
       "or not exists (select from pg_catalog.pg_roles r where r.rolname = p.grantor)) "
       "returning p.kind, p.object_schema, p.object, p.grantee",
       {scope_}});
  std::set<std::string> told;
  for (std::size_t row = 0; row < gone.rows(); ++row) {
    std::string const name = gone.text(row, "object_schema").empty() || gone.text(row, "kind") == "schema"
                                 ? gone.text(row, "object")
                                 : gone.text(row, "object_schema") + "." + gone.text(row, "object");
    told.insert(fmt::format("gone since the fence was raised: privileges of {} on {} {}",
                            gone.text(row, "grantee").empty() ? "everybody" : gone.text(row, "grantee"),
                            gone.text(row, "kind"), name));
  }
  notes_.insert(notes_.end(), told.begin(), told.end());
}

Statements FenceWork::give_back(std::vector<HeldPrivilege> held) {
  std::vector<HeldPrivilege> added;
  std::copy_if(held.begin(), held.end(), std::back_inserter(added),
               [](auto const& one) { return one.added; });
  std::erase_if(held, [](auto const& one) { return one.added; });
  std::set<std::string> grantors;
  for (HeldPrivilege const& one : held)
    if (one.grantor != one.owner) grantors.insert(one.grantor);
  std::vector<std::string> strangers;
  for (std::string const& grantor : grantors)
    if (session_.query({"select pg_catalog.pg_has_role($1, 'MEMBER')", {grantor}}).value() != "t")
      strangers.push_back(grantor);
  Statements statements = grant_sql(session_, held, strangers);
  for (std::string& statement : revoke_sql(session_, added)) statements.push_back(std::move(statement));
  return statements;
}

// Throws unless every privilege that was saved is there again, in the very words.
void FenceWork::check_restored() {
  Result const missing = session_.query(
      {"select p.kind, p.object_schema, p.object, p.column_name, p.owner, p.grantor, p.grantee, p.privilege, "
       "p.grantable, true as may from tenantsh.fence_privilege p where p.schema_name = $1 and not p.added "
       "and not exists (select "
       "from (" +
           open_privileges_sql() +
           ") o where o.kind = p.kind and o.object_oid = p.object_oid and o.column_name = p.column_name and "
           "o.grantor = "
           "p.grantor and o.grantee = p.grantee and o.privilege = p.privilege and (o.grantable or not "
           "p.grantable)) "
           "limit 3",
       {scope_, "t"}});
  if (missing.empty()) return;
  throw Error{ErrorKind::failed, fmt::format("the write fence of {} stays up: {} could not be given back",
                                             request_.tenant.slug, describe(privileges_of(missing).front()))}
      .with_hint("look who owns it now; nothing was changed")
      .at_tenant(request_.tenant.slug);
}

void FenceWork::send(Statements const& statements) {
  if (!statements.empty()) session_.script(fmt::format("{}", fmt::join(statements, ";\n")));
}

Fence FenceWork::state() {
  read();
  if (row_.state != FenceState::up) return row_;
  for (HeldPrivilege const& one : open_privileges(session_, scope_, row_.level))
    row_.gaps.push_back(describe(one));
  for (Setting const& one : missing_settings())
    row_.gaps.push_back(fmt::format("{} is {} for {}", setting, one.former.value_or("off"),
                                    one.role.empty() ? "the database" : one.role));
  return row_;
}

FenceChange FenceWork::end(bool changed) {
  std::vector<std::string> notes = std::exchange(notes_, {});
  return {changed, state(), std::move(notes)};
}

FenceChange FenceWork::raise() {
  bool changed = false;
  {
    Transaction transaction{session_, Access::read_write, fencing};
    lock();
    refuse_prepared(session_, request_.tenant);
    make_tables();
    read();
    if (row_.state == FenceState::carried) {
      adopt_copy();
      changed = true;
    }
    if (row_.state == FenceState::up && row_.level != request_.level) check_holder("its level stays");
    if (row_.state != FenceState::down && row_.level == FenceLevel::suspended &&
        request_.level == FenceLevel::read_only) {
      forget_what_is_gone();
      send(give_back(saved(true)));
      session_.query(
          {"delete from tenantsh.fence_privilege where schema_name = $1 and level = 'suspended'", {scope_}});
      changed = true;
    }
    if (row_.state == FenceState::down || row_.level != request_.level) {
      write_row();
      changed = true;
    }
    auto const open = open_privileges(session_, scope_, request_.level);
    check_revocable(open);
    save(request_.level);
    std::vector<Setting> const settings = missing_settings();
    save_settings(settings);
    Statements statements = admit(Saving::yes);
    for (std::string& statement : revoke_sql(session_, open)) statements.push_back(std::move(statement));
    for (Setting const& one : settings) statements.push_back(set_sql(session_, one.role, "on"));
    send(statements);
    auto const left = open_privileges(session_, scope_, request_.level);
    if (!left.empty())
      throw Error{ErrorKind::failed,
                  "the write fence would leak: " + describe(left.front()) + " cannot be revoked"}
          .with_hint("nothing was changed; look who granted it")
          .at_tenant(request_.tenant.slug);
    changed = changed || !open.empty() || !settings.empty();
    if (changed)
      session_.query({"update tenantsh.fence set drained_at = null where schema_name = $1", {scope_}});
    transaction.commit();
  }
  if (changed || !drained_) {
    for (std::string& note : end_sessions(session_, scope_)) notes_.push_back(std::move(note));
    try {
      refuse_prepared(session_, request_.tenant);
    } catch (Error const&) {  // prepared between the look and the fence
      if (row_.state == FenceState::down) lower();
      throw;
    }
    Transaction transaction{session_, Access::read_write, fencing};
    session_.query(
        {"update tenantsh.fence set drained_at = clock_timestamp() where schema_name = $1", {scope_}});
    transaction.commit();
  }
  return end(changed);
}

FenceChange FenceWork::lower() {
  {
    Transaction transaction{session_, Access::read_write, fencing};
    lock();
    read();
    if (row_.state == FenceState::down) {
      transaction.commit();
      return end(false);
    }
    check_holder("it stays up");
    if (row_.state == FenceState::carried) adopt_copy();
    send(lowering());
    check_restored();
    session_.query({"delete from tenantsh.fence where schema_name = $1", {scope_}});
    transaction.commit();
  }
  return end(true);
}

// The statements of a fence that is up, within the caller's transaction when it may write.
Statements FenceWork::lowering() {
  if (!has_tables(session_)) return {};
  read();
  if (row_.state == FenceState::down) return {};
  // A plan cannot write down what is gone; it names it.
  if (session_.query("select current_setting('transaction_read_only')").value() == "off")
    forget_what_is_gone();
  Result const settings =
      session_.query({"select s.role_name, s.former from tenantsh.fence_setting s where s.schema_name = $1 "
                      "and (s.role_name = '' or "
                      "exists (select from pg_catalog.pg_roles r where r.rolname = s.role_name)) order by 1",
                      {scope_}});
  Statements statements;
  for (std::size_t row = 0; row < settings.rows(); ++row) {
    auto const former = settings.at(row, "former");
    statements.push_back(set_sql(session_, settings.text(row, "role_name"),
                                 former ? std::optional{std::string{*former}} : std::nullopt));
  }
  for (std::string& statement : give_back(saved(false))) statements.push_back(std::move(statement));
  return statements;
}

Statements FenceWork::raising() {
  Statements statements;
  refuse_prepared(session_, request_.tenant);
  read();
  if (row_.state != FenceState::down && row_.level == FenceLevel::suspended &&
      request_.level == FenceLevel::read_only)
    statements = give_back(saved(true));
  for (std::string& statement : admit(Saving::no)) statements.push_back(std::move(statement));
  for (std::string& statement : revoke_sql(session_, open_privileges(session_, scope_, request_.level)))
    statements.push_back(std::move(statement));
  for (Setting const& one : missing_settings()) statements.push_back(set_sql(session_, one.role, "on"));
  if (!statements.empty() && scope_.empty())
    statements.push_back("select pg_terminate_backend(pid) -- the sessions from before");
  return statements;
}

}  // namespace

std::string_view to_string(FenceLevel level) {
  return level == FenceLevel::suspended ? "suspended" : "read_only";
}

std::string_view to_string(FenceState state) {
  switch (state) {
    case FenceState::down: return "down";
    case FenceState::up: return "up";
    case FenceState::carried: return "carried";
  }
  return "";
}

FenceChange raise_fence(Session& admin, FenceRequest const& request) {
  return FenceWork{admin, request}.raise();
}

FenceChange lower_fence(Session& admin, FenceRequest const& request) {
  return FenceWork{admin, request}.lower();
}

Fence fence_state(Session& admin, Tenant const& tenant) {
  FenceRequest const request{.tenant = tenant};
  return FenceWork{admin, request}.state();
}

std::vector<std::string> raising_sql(Session& admin, FenceRequest const& request) {
  Transaction const reading{admin, Access::read_only, "set local search_path = ''"};
  return FenceWork{admin, request}.raising();
}

std::vector<std::string> lowering_sql(Session& admin, FenceRequest const& request) {
  Transaction const reading{admin, Access::read_only, "set local search_path = ''"};
  return FenceWork{admin, request}.lowering();
}

}  // namespace fleet
