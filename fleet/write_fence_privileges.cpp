#include "fleet/write_fence_privileges.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>

namespace fleet {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string joined(std::set<std::string> const& parts) {
  std::string text;
  for (std::string const& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string role(Session const& session, std::string const& name) {
  return name.empty() ? "public" : session.quote_identifier(name);
}

std::string object(Session const& session, HeldPrivilege const& held) {
  if (held.kind == "function") return held.object;
  if (held.kind == "schema" || held.kind == "database") return session.quote_identifier(held.object);
  return session.quote_identifier(held.schema) + "." + session.quote_identifier(held.object);
}

std::string keyword(std::string const& kind) { return kind == "column" ? "table" : kind; }

bool same_object(HeldPrivilege const& left, HeldPrivilege const& right) {
  return keyword(left.kind) == keyword(right.kind) && left.schema == right.schema &&
         left.object == right.object && left.privilege == right.privilege &&
         (right.column.empty() || left.column == right.column);
}

// "insert, update (note, state)" of one object, one grantor and one grantee.
std::string privileges_text(Session const& session, std::vector<HeldPrivilege const*> const& held) {
  std::map<std::string, std::set<std::string>> columns;
  std::set<std::string> whole;
  for (HeldPrivilege const* one : held) {
    if (one->column.empty())
      whole.insert(lower(one->privilege));
    else
      columns[lower(one->privilege)].insert(session.quote_identifier(one->column));
  }
  for (auto const& [privilege, names] : columns) whole.insert(privilege + " (" + joined(names) + ")");
  return joined(whole);
}

// Statements that give back `held`, all of one grantor, one for the objects of a schema that are alike.
std::vector<std::string> grants(Session const& session, std::vector<HeldPrivilege const*> const& held) {
  using Key = std::tuple<std::string, std::string, std::string, std::string, bool>;
  std::map<Key, std::vector<HeldPrivilege const*>> by_object;
  for (HeldPrivilege const* one : held)
    by_object[{keyword(one->kind), one->schema, object(session, *one), one->grantee, one->grantable}]
        .push_back(one);
  std::map<Key, std::set<std::string>> alike;  // with the privileges in the object's place
  for (auto const& [key, privileges] : by_object) {
    auto const& [kind, schema, name, grantee, grantable] = key;
    alike[{kind, schema, privileges_text(session, privileges), grantee, grantable}].insert(name);
  }
  std::vector<std::string> statements;
  for (auto const& [key, names] : alike) {
    auto const& [kind, schema, privileges, grantee, grantable] = key;
    statements.push_back("grant " + privileges + " on " + kind + " " + joined(names) + " to " +
                         role(session, grantee) + (grantable ? " with grant option" : ""));
  }
  return statements;
}

void append(std::vector<std::string>& to, std::vector<std::string> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::string open_privileges_sql() {
  return R"sql(
    select o.kind, o.oid as object_oid, o.schema_name as object_schema, o.name as object,
           o.column_name, r.rolname::text as owner, g.rolname::text as grantor,
           coalesce(e.rolname::text, '') as grantee, x.privilege_type as privilege, x.is_grantable as grantable,
           case when x.privilege_type in ('CONNECT') or o.kind = 'schema' and x.privilege_type = 'USAGE'
                then 'suspended' else 'read_only' end as level,
           pg_catalog.pg_has_role(o.owner, 'USAGE') as may
      from (
        select case when c.relkind = 'S' then 'sequence' else 'table' end as kind, c.oid,
               n.nspname::text as schema_name, c.relname::text as name, ''::text as column_name, c.relowner as owner,
               coalesce(c.relacl, pg_catalog.acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner)) as acl
          from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        union all
        select 'column', c.oid, n.nspname::text, c.relname::text, a.attname::text, c.relowner, a.attacl
          from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where a.attacl is not null and not a.attisdropped and a.attnum > 0
        union all
        select 'schema', n.oid, n.nspname::text, n.nspname::text, '', n.nspowner,
               coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
          from pg_catalog.pg_namespace n
        union all
        select 'database', d.oid, '', d.datname::text, '', d.datdba, coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))
          from pg_catalog.pg_database d where d.datname = pg_catalog.current_database() and $1 = ''
        union all
        select 'function', p.oid, '', 'pg_catalog.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', '',
               p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
          from pg_catalog.pg_proc p
         where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace and $1 = ''
           and p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite')
           and pg_catalog.pg_has_role(p.proowner, 'USAGE')
      ) o
      cross join lateral pg_catalog.aclexplode(o.acl) x
      join pg_catalog.pg_roles r on r.oid = o.owner
      join pg_catalog.pg_roles g on g.oid = x.grantor
      left join pg_catalog.pg_roles e on e.oid = x.grantee
     where case when o.kind in ('database', 'function') then true
                when $1 <> '' then o.schema_name = $1
                else o.schema_name !~ '^pg_' and o.schema_name not in ('information_schema', 'tenantsh') end
       and case o.kind
             when 'table' then x.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
             when 'column' then x.privilege_type in ('INSERT', 'UPDATE', 'REFERENCES')
             when 'sequence' then x.privilege_type in ('USAGE', 'UPDATE')
             when 'schema' then x.privilege_type = 'CREATE'
               or $2::bool and $1 <> '' and x.privilege_type = 'USAGE' and e.rolname is distinct from session_user and e.rolname is distinct from 'tenantsh_reader'
             when 'database' then x.privilege_type = 'CREATE'
               or $2::bool and x.privilege_type = 'CONNECT' and e.rolname is distinct from session_user
             else x.privilege_type = 'EXECUTE' end
       and not (r.rolsuper and x.grantee = o.owner)
     order by o.kind, o.schema_name, o.name, o.column_name, grantor, grantee, privilege)sql";
}

std::vector<HeldPrivilege> privileges_of(Result const& rows) {
  std::vector<HeldPrivilege> held;
  held.reserve(rows.rows());
  bool const saved = rows.find_column("added").has_value();
  for (std::size_t row = 0; row < rows.rows(); ++row)
    held.push_back({.kind = rows.text(row, "kind"),
                    .schema = rows.text(row, "object_schema"),
                    .object = rows.text(row, "object"),
                    .column = rows.text(row, "column_name"),
                    .owner = rows.text(row, "owner"),
                    .grantor = rows.text(row, "grantor"),
                    .grantee = rows.text(row, "grantee"),
                    .privilege = rows.text(row, "privilege"),
                    .grantable = rows.text(row, "grantable") == "t",
                    .may = saved || rows.text(row, "may") == "t",
                    .added = saved && rows.text(row, "added") == "t"});
  return held;
}

std::string describe(HeldPrivilege const& held) {
  std::string where =
      held.schema.empty() || held.kind == "schema" ? held.object : held.schema + "." + held.object;
  if (!held.column.empty()) where += " (" + held.column + ")";
  std::string const kind = held.kind == "table" || held.kind == "column" ? "" : held.kind + " ";
  return lower(held.privilege) + " on " + kind + where + " by " +
         (held.grantee.empty() ? "everybody" : held.grantee);
}

std::vector<std::string> revoke_sql(Session const& session, std::vector<HeldPrivilege> const& held) {
  // Of a table all of them at once, so that the tables of a schema make one statement.
  static std::map<std::string, std::string> const every = {
      {"table", "insert, update, delete, truncate, references, trigger"}, {"sequence", "usage, update"}};
  using Object = std::tuple<std::string, std::string, std::string>;
  std::map<Object, std::pair<std::set<std::string>, std::set<std::string>>> by_object;  // roles, privileges
  for (HeldPrivilege const& one : held) {
    auto& [roles, privileges] = by_object[{keyword(one.kind), one.schema, object(session, one)}];
    roles.insert(role(session, one.grantee));
    privileges.insert(lower(one.privilege));
  }
  std::map<Object, std::set<std::string>> alike;
  for (auto const& [where, what] : by_object) {
    auto const& [kind, schema, name] = where;
    auto const all = every.find(kind);
    std::string const privileges = all == every.end() ? joined(what.second) : all->second;
    alike[{schema, "revoke " + privileges + " on " + kind + " ", " from " + joined(what.first) + " cascade"}]
        .insert(name);
  }
  std::vector<std::string> statements;
  for (auto const& [around, names] : alike)
    statements.push_back(std::get<1>(around) + joined(names) + std::get<2>(around));
  return statements;
}

std::vector<std::string> grant_sql(Session const& session, std::vector<HeldPrivilege> const& held,
                                   std::vector<std::string> const& become) {
  std::vector<HeldPrivilege const*> by_owner, passed_on;
  for (HeldPrivilege const& one : held) (one.grantor == one.owner ? by_owner : passed_on).push_back(&one);
  std::vector<std::string> statements = grants(session, by_owner);
  while (!passed_on.empty()) {
    auto waits = [&](HeldPrivilege const* one) {
      return std::any_of(passed_on.begin(), passed_on.end(), [one](HeldPrivilege const* other) {
        return other->grantee == one->grantor && same_object(*one, *other);
      });
    };
    std::map<std::string, std::vector<HeldPrivilege const*>> ready;
    std::vector<HeldPrivilege const*> left;
    for (HeldPrivilege const* one : passed_on) {
      if (waits(one))
        left.push_back(one);
      else
        ready[one->grantor].push_back(one);
    }
    if (ready.empty()) {  // roles that granted each other: PostgreSQL says what it cannot do
      for (HeldPrivilege const* one : left) ready[one->grantor].push_back(one);
      left.clear();
    }
    for (auto const& [grantor, privileges] : ready) {
      bool const stranger = std::find(become.begin(), become.end(), grantor) != become.end();
      std::string const name = session.quote_identifier(grantor);
      if (stranger) statements.push_back("grant " + name + " to session_user");
      statements.push_back("set local role " + name);
      append(statements, grants(session, privileges));
      statements.push_back("reset role");
      if (stranger) statements.push_back("revoke " + name + " from session_user");
    }
    passed_on = std::move(left);
  }
  return statements;
}

}  // namespace fleet
