#include "fleet/write_fence_sessions.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "fleet/error.hpp"

namespace fleet {
namespace {

// Locks that only a statement that writes takes.
constexpr char const* writing_modes =
    "'RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'";

std::string locks_in_schema(std::string const& column) {
  return "select " + column +
         R"sql( from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation join
      pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_database d on d.oid =
      l.database and d.datname = current_database() where n.nspname = $1 and l.mode in ()sql" +
         writing_modes + ")";
}

struct Victims {
  std::map<std::string, std::string> by_role;  // role → pids, comma separated: ended as a member of that role
  std::string pids;                            // all of them
  std::vector<std::string> staying;
};

Victims look_around(Session& admin, std::string const& scope, std::string const& since) {
  std::string own_logins = "''";
  if (!scope.empty())
    for (Writer const& writer : writers(admin, scope))
      if (!writer.shared) own_logins += ", " + admin.quote_literal(writer.role);
  Statement statement{
      R"sql(select a.pid, a.usename, coalesce(a.application_name, '') as application, r.rolsuper,
      pg_catalog.pg_has_role(a.usesysid, 'USAGE') or pg_catalog.pg_has_role('pg_signal_backend',
      'USAGE') as may from pg_catalog.pg_stat_activity a join pg_catalog.pg_roles r on r.oid =
      a.usesysid where a.datname = current_database() and a.pid <> pg_catalog.pg_backend_pid() and
      coalesce(a.backend_type, 'client backend') = 'client backend' and (a.backend_start is null or
      a.backend_start <= $2::timestamptz) and not (a.usename = session_user and
      coalesce(a.application_name, '') like 'tenantsh %') and ($1 = '')sql"};
  if (!scope.empty())
    statement.sql += " or a.usename in (" + own_logins + ") or a.pid in (" + locks_in_schema("l.pid") + ")";
  statement.sql += ") order by a.pid";
  statement.params = {scope, since};
  Result const rows = admin.query(statement);
  bool const super =
      admin.query("select rolsuper from pg_catalog.pg_roles where rolname = session_user").value() == "t";
  Victims victims;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string const pid = rows.text(row, "pid"), role = rows.text(row, "usename");
    if (rows.text(row, "rolsuper") == "t" && !super) {
      victims.staying.push_back(fmt::format("session {} of superuser {}{} stays", pid, role,
                                            rows.text(row, "application").empty()
                                                ? ""
                                                : " (" + in_quotes(rows.text(row, "application")) + ")"));
      continue;
    }
    std::string& list = victims.by_role[rows.text(row, "may") == "t" ? "" : role];
    list += (list.empty() ? "" : ", ") + pid;
    victims.pids += (victims.pids.empty() ? "" : ", ") + pid;
  }
  return victims;
}

// Ends `pids`. Of a role that the admin is no member of: in a transaction that makes it one and is rolled
// back. What is signalled is not taken back with it.
void terminate(Session& admin, std::string const& role, std::string const& pids) {
  std::string const ending =
      "select pg_catalog.pg_terminate_backend(pid) from unnest(array[" + pids + "]) as p(pid)";
  if (role.empty()) {
    admin.query(ending);
    return;
  }
  Transaction const brief{admin, Access::read_write, "set transaction read write"};
  admin.query("grant " + admin.quote_identifier(role) + " to session_user");
  admin.query(ending);
}

}  // namespace

void refuse_prepared(Session& admin, Tenant const& tenant) {
  bool const schema = tenant.placement == Placement::schema;
  std::string const prepared =
      "select p.gid, p.owner, pg_catalog.date_trunc('second', clock_timestamp() - p.prepared)::text as age "
      "from "
      "pg_catalog.pg_prepared_xacts p where p.database = current_database()";
  // Its locks have no process; the one on its own transaction id tells which they are.
  Result const found =
      schema
          ? admin.query(
                {prepared +
                     " and exists (select from pg_catalog.pg_locks t where t.locktype = 'transactionid' and "
                     "t.pid is null and t.transactionid = p.transaction and t.virtualtransaction in (" +
                     locks_in_schema("l.virtualtransaction") +
                     " and l.pid is null)) order by p.prepared limit 1",
                 {tenant.schema_name}})
          : admin.query(prepared + " order by p.prepared limit 1");
  if (found.empty()) return;
  throw Error{ErrorKind::refused,
              fmt::format("a prepared transaction is open in {}: {} of {}, {} old",
                          schema ? "schema " + tenant.schema_name : "database " + tenant.database_name,
                          in_quotes(found.text(0, "gid")), found.text(0, "owner"), found.text(0, "age"))}
      .with_hint(
          "no fence stops its COMMIT PREPARED: end it first, with commit prepared or rollback prepared " +
          admin.quote_literal(found.text(0, "gid")))
      .at_tenant(tenant.slug);
}

std::vector<Writer> writers(Session& admin, std::string const& scope) {
  bool const saved = admin.query("select to_regclass('tenantsh.fence_privilege') is not null").value() == "t";
  // What another fence revoked counts: the role writes there again when that one is lowered.
  auto listed = [saved](std::string const& where) {
    return saved ? " or exists (select from tenantsh.fence_privilege p join pg_catalog.pg_roles g on "
                   "g.rolname = "
                   "p.grantee where p.schema_name " +
                       where +
                       " and p.kind in ('table', 'column') and pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE'))"
                 : std::string{};
  };
  // Elsewhere in whatever way; here by a grant that names it or a role of its: what PUBLIC may do makes
  // nobody the tenant's own.
  constexpr char const* elsewhere =
      R"sql(exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'f') and n.nspname <> $1 and n.nspname !~ '^pg_' and n.nspname
      not in ('information_schema', 'tenantsh') and pg_catalog.has_table_privilege(r.oid, c.oid,
      'INSERT, UPDATE, DELETE, TRUNCATE')))sql";
  constexpr char const* here =
      R"sql(exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid =
      c.relnamespace, pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)))
      x where c.relkind in ('r', 'p', 'v', 'f') and n.nspname = $1 and x.grantee <> 0 and
      x.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE') and pg_catalog.pg_has_role(r.oid,
      x.grantee, 'USAGE')))sql";
  Result const rows =
      admin.query({"select r.rolname as role, (" + std::string{elsewhere} + listed("<> $1") +
                       ") as shared from pg_catalog.pg_roles r where r.rolcanlogin and not r.rolsuper "
                       "and r.rolname <> session_user and (" +
                       here + listed("= $1") + ") order by 1",
                   {scope}});
  std::vector<Writer> found;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    found.push_back({rows.text(row, "role"), rows.text(row, "shared") == "t"});
  return found;
}

bool may_set(Session& admin, std::string const& role) {
  // Since 16 CREATEROLE reaches only roles that one administers.
  return admin
             .query(
                 {R"sql(select me.rolsuper or me.rolcreaterole and (current_setting('server_version_num')::int < 160000 or
      pg_catalog.pg_has_role($1, 'MEMBER WITH ADMIN OPTION')) from pg_catalog.pg_roles me
      where me.rolname = session_user)sql",
                  {role}})
             .value() == "t";
}

std::vector<std::string> end_sessions(Session& admin, std::string const& scope) {
  std::string const since = admin.query("select clock_timestamp()::text").value().value_or("");
  constexpr int rounds = 1000;
  std::set<std::string> stubborn;  // roles whose sessions we may not end
  Victims left;
  for (int round = 0; round < rounds; ++round) {
    left = look_around(admin, scope, since);
    bool waiting = false;
    for (auto const& [role, pids] : left.by_role) {
      if (stubborn.count(role) > 0) continue;
      waiting = true;
      if (round % 100 != 0) continue;  // once a second
      try {
        terminate(admin, role, pids);
      } catch (Error const& error) {
        if (error.sqlstate.empty()) throw;
        stubborn.insert(role);
      }
    }
    if (!waiting) break;
    admin.query("select pg_catalog.pg_sleep(0.01)");
  }
  std::vector<std::string> notes = left.staying;
  for (auto const& [role, pids] : left.by_role)
    notes.push_back(stubborn.count(role) > 0
                        ? fmt::format("sessions of {} stay ({}): the admin may not end them", role, pids)
                        : fmt::format("sessions {} do not end", pids));
  return notes;
}

}  // namespace fleet
