#include "fleet/write_fence_record.hpp"

#include <fmt/format.h>

#include <set>

#include "fleet/error.hpp"

namespace fleet {
namespace {

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

std::optional<std::string> unless_empty(std::string const& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

Result database_identity(Session& session) {
  return session.query(
      "select d.oid, c.system_identifier from pg_catalog.pg_database d, pg_catalog.pg_control_system() c "
      "where d.datname = current_database()");
}

}  // namespace

void FenceRecord::read() {
  row = {};
  drained = false;
  if (!kept()) return;
  Result const found = session_.query(
      {fmt::format(
           R"sql(select f.level, to_char(f.since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
      f.raised_by, f.holder, f.reason, f.run_id, f.drained_at is not null as drained, {} as here,
      (select count(*) from tenantsh.fence_privilege p where p.schema_name = f.schema_name and not
      p.added) as privileges from tenantsh.fence f, pg_catalog.pg_database d
      where f.schema_name = $1 and d.datname = current_database())sql",
           here_sql),
       {scope_}});
  if (found.empty()) return;
  row.state = found.text(0, "here") == "t" ? FenceState::up : FenceState::carried;
  row.level = found.text(0, "level") == "suspended" ? FenceLevel::suspended : FenceLevel::read_only;
  row.since = found.text(0, "since");
  row.by = found.text(0, "raised_by");
  row.holder = found.text(0, "holder");
  row.reason = found.text(0, "reason");
  row.run_id = found.text(0, "run_id");
  row.privileges = std::stoll(found.text(0, "privileges"));
  drained = found.text(0, "drained") == "t";
}

void FenceRecord::adopt_copy(FenceRequest const& request) {
  Result const here = database_identity(session_);
  session_.query({"delete from tenantsh.fence_setting where schema_name = $1", {scope_}});
  session_.query(
      {"delete from tenantsh.fence_privilege where schema_name = $1 and (kind = 'database' or added)",
       {scope_}});
  // In two goes: a new oid may be another row's old one.
  session_.query(
      {R"sql(update tenantsh.fence_privilege p set privilege = p.privilege || '*', object_oid = case when
      p.kind = 'schema' then (select n.oid from pg_catalog.pg_namespace n
      where n.nspname = p.object) when p.kind = 'function' then
      pg_catalog.to_regprocedure(p.object)::oid else (select c.oid from pg_catalog.pg_class c join
      pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = p.object_schema and
      c.relname = p.object) end where p.schema_name = $1 and case when p.kind = 'schema' then
      to_regnamespace(quote_ident(p.object)) is not null when p.kind = 'function' then
      to_regprocedure(p.object) is not null else to_regclass(quote_ident(p.object_schema) || '.' ||
      quote_ident(p.object)) is not null end)sql",
       {scope_}});
  session_.query(
      {"delete from tenantsh.fence_privilege where schema_name = $1 and privilege not like '%*'", {scope_}});
  session_.query(
      {"update tenantsh.fence_privilege set privilege = rtrim(privilege, '*') where schema_name = $1",
       {scope_}});
  session_.query(
      {R"sql(update tenantsh.fence set database_oid = $2::oid, system_identifier = $3::bigint, since =
      clock_timestamp(), raised_by = $4, holder = $5, reason = $6, run_id = $7, drained_at = null
      where schema_name = $1)sql",
       {scope_, here.text(0, "oid"), here.text(0, "system_identifier"), request.by, request.holder,
        unless_empty(request.reason), unless_empty(request.run_id)}});
}

void FenceRecord::make_tables() {
  if (kept()) return;
  if (session_.query("select to_regnamespace('tenantsh') is null").value() == "t")
    session_.query("create schema tenantsh");
  session_.script(tables_sql);
}

void FenceRecord::write(FenceRequest const& request) {
  Result const here = database_identity(session_);
  session_.query(
      {R"sql(insert into tenantsh.fence (schema_name, level, raised_by, holder, reason, run_id, database_oid,
      system_identifier) values ($1, $2, $3, $4, $5, $6, $7::oid, $8::bigint) on conflict (schema_name)
      do update set level = excluded.level, since = excluded.since, raised_by = excluded.raised_by,
      holder = excluded.holder, reason = excluded.reason, run_id = excluded.run_id)sql",
       {scope_, std::string{to_string(request.level)}, request.by, request.holder,
        unless_empty(request.reason), unless_empty(request.run_id), here.text(0, "oid"),
        here.text(0, "system_identifier")}});
}

void FenceRecord::save(FenceLevel level) {
  session_.query(
      {"insert into tenantsh.fence_privilege select $1, o.level, o.kind, o.object_oid, o.object_schema, "
       "o.object, o.column_name, o.owner, o.grantor, o.grantee, o.privilege, o.grantable, false from (" +
           open_privileges_sql() + ") o on conflict do nothing",
       {scope_, level == FenceLevel::suspended ? "t" : "f"}});
}

void FenceRecord::save(std::vector<FenceSetting> const& settings) {
  for (FenceSetting const& one : settings)
    session_.query({"insert into tenantsh.fence_setting values ($1, $2, $3) on conflict do nothing",
                    {scope_, one.role, one.former}});
}

std::vector<HeldPrivilege> FenceRecord::privileges(bool suspended_only) {
  return privileges_of(
      session_.query({"select * from tenantsh.fence_privilege where schema_name = $1 and ($2 = 'f' or level "
                      "= 'suspended') order by "
                      "kind, object_schema, object, column_name, grantor, grantee, privilege",
                      {scope_, suspended_only ? "t" : "f"}}));
}

std::vector<std::string> FenceRecord::forget_what_is_gone() {
  session_.query(
      {R"sql(update tenantsh.fence_privilege p set object = l.name, object_schema = l.schema_name, owner =
      l.owner, grantor = case when p.grantor = p.owner then l.owner else p.grantor end, grantee = case
      when p.grantee = p.owner then l.owner else p.grantee end from (select 'relation' as kind, c.oid,
      c.relname::text as name, n.nspname::text as schema_name, r.rolname::text as owner
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join
      pg_catalog.pg_roles r on r.oid = c.relowner union all select 'schema', n.oid, n.nspname::text,
      n.nspname::text, r.rolname::text from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on
      r.oid = n.nspowner union all select 'database', d.oid, d.datname::text, '', r.rolname::text
      from pg_catalog.pg_database d join pg_catalog.pg_roles r on r.oid = d.datdba) l
      where p.schema_name = $1 and l.oid = p.object_oid and l.kind = case when p.kind in ('schema',
      'database') then p.kind else 'relation' end and p.kind <> 'function' and (l.name, l.schema_name,
      l.owner) is distinct from (p.object, p.object_schema, p.owner))sql",
       {scope_}});
  Result const gone = session_.query(
      {R"sql(delete from tenantsh.fence_privilege p where p.schema_name = $1 and (not case p.kind when 'schema'
      then exists (select from pg_catalog.pg_namespace n where n.oid = p.object_oid) when 'database'
      then exists (select from pg_catalog.pg_database d where d.oid = p.object_oid) when 'function' then
      exists (select from pg_catalog.pg_proc f where f.oid = p.object_oid) when 'column' then exists
      (select from pg_catalog.pg_attribute a where a.attrelid = p.object_oid and a.attname =
      p.column_name and not a.attisdropped) else exists (select from pg_catalog.pg_class c
      where c.oid = p.object_oid) end or p.grantee <> '' and not exists (select
      from pg_catalog.pg_roles r where r.rolname = p.grantee) or not exists (select
      from pg_catalog.pg_roles r where r.rolname = p.grantor)) returning p.kind, p.object_schema,
      p.object, p.grantee)sql",
       {scope_}});
  std::set<std::string> told;
  for (std::size_t at = 0; at < gone.rows(); ++at) {
    std::string const name = gone.text(at, "object_schema").empty() || gone.text(at, "kind") == "schema"
                                 ? gone.text(at, "object")
                                 : gone.text(at, "object_schema") + "." + gone.text(at, "object");
    told.insert(fmt::format("gone since the fence was raised: privileges of {} on {} {}",
                            gone.text(at, "grantee").empty() ? "everybody" : gone.text(at, "grantee"),
                            gone.text(at, "kind"), name));
  }
  return {told.begin(), told.end()};
}

void FenceRecord::check_restored(std::string const& slug) {
  Result const missing = session_.query(
      {R"sql(select p.kind, p.object_schema, p.object, p.column_name, p.owner, p.grantor, p.grantee,
      p.privilege, p.grantable, true as may from tenantsh.fence_privilege p
      where p.schema_name = $1 and not p.added and not exists (select
      from ()sql" +
           open_privileges_sql() +
           ") o where o.kind = p.kind and o.object_oid = p.object_oid and o.column_name = p.column_name and "
           "o.grantor = "
           "p.grantor and o.grantee = p.grantee and o.privilege = p.privilege and (o.grantable or not "
           "p.grantable)) "
           "limit 3",
       {scope_, "t"}});
  if (missing.empty()) return;
  throw Error{ErrorKind::failed, fmt::format("the write fence of {} stays up: {} could not be given back",
                                             slug, describe(privileges_of(missing).front()))}
      .with_hint("look who owns it now; nothing was changed")
      .at_tenant(slug);
}

bool FenceRecord::kept() {
  return session_.query("select to_regclass('tenantsh.fence_setting') is not null").value() == "t";
}

void FenceRecord::save_added(std::string const& kind, std::string const& object,
                             std::string const& object_oid, std::string const& owner,
                             std::string const& privilege) {
  session_.query(
      {"insert into tenantsh.fence_privilege values ($1, 'suspended', $2, $3::oid, $1, $4, '', $5, $5, "
       "session_user, $6, false, true) on conflict do nothing",
       {scope_, kind, object_oid, object, owner, privilege}});
}

void FenceRecord::mark_drained(bool yes) {
  session_.query(
      {"update tenantsh.fence set drained_at = case when $2::bool then clock_timestamp() end where "
       "schema_name = $1",
       {scope_, yes ? "t" : "f"}});
}

std::vector<FenceSetting> FenceRecord::settings() {
  Result const rows = session_.query(
      {R"sql(select s.role_name, s.former from tenantsh.fence_setting s where s.schema_name = $1 and
      (s.role_name = '' or exists (select from pg_catalog.pg_roles r
      where r.rolname = s.role_name)) order by 1)sql",
       {scope_}});
  std::vector<FenceSetting> settings;
  for (std::size_t row_at = 0; row_at < rows.rows(); ++row_at) {
    auto const former = rows.at(row_at, "former");
    settings.push_back(
        {rows.text(row_at, "role_name"), former ? std::optional{std::string{*former}} : std::nullopt});
  }
  return settings;
}

void FenceRecord::forget_suspended() {
  session_.query(
      {"delete from tenantsh.fence_privilege where schema_name = $1 and level = 'suspended'", {scope_}});
}

void FenceRecord::forget() {
  session_.query({"delete from tenantsh.fence where schema_name = $1", {scope_}});
}

}  // namespace fleet
