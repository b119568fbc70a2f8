#include "fleet/write_fence_settings.hpp"

#include <fmt/format.h>

#include "fleet/write_fence_sessions.hpp"

namespace fleet {
namespace {

constexpr char const* setting = "default_transaction_read_only";

}  // namespace

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

std::vector<FenceSetting> missing_settings(Session& session, std::string const& scope,
                                           std::vector<std::string>& notes) {
  // What role `oid` (0: the database) has in database d.
  auto own = [](std::string const& oid) {
    return R"sql((select substr(c.entry, length('default_transaction_read_only=') + 1)
      from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c(entry)
      where s.setdatabase = d.oid and s.setrole = )sql" +
           oid + " and c.entry like 'default\\_transaction\\_read\\_only=%')";
  };
  // A role's own setting, in this database or everywhere, goes before the database's.
  std::string const overriding =
      R"sql(exists (select from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c(entry)
      where s.setrole = r.oid and s.setdatabase in (0, d.oid) and c.entry like
      'default\_transaction\_read\_only=%'))sql";
  std::vector<FenceSetting> missing;
  auto take = [&missing](Result const& rows, std::size_t row) {
    auto const former = rows.at(row, "former");
    missing.push_back({rows.text(row, "role"), former ? std::optional{std::string{*former}} : std::nullopt});
  };
  std::string own_logins = "''";
  if (scope.empty()) {
    Result const database = session.query(
        "select '' as role, " + own("0") +
        " as former from pg_catalog.pg_database d where d.datname = current_database() and coalesce(" +
        own("0") + ", 'off') <> 'on'");
    if (!database.empty()) take(database, 0);
  } else {
    for (Writer const& writer : writers(session, scope)) {
      if (writer.shared)
        notes.push_back(
            fmt::format("{} writes in other schemas too: its sessions stay, those that hold locks for "
                        "writing in {} apart",
                        writer.role, scope));
      else
        own_logins += ", " + session.quote_literal(writer.role);
    }
  }
  Result const roles =
      session.query("select r.rolname as role, " + own("r.oid") +
                    " as former from pg_catalog.pg_roles r, pg_catalog.pg_database d where d.datname = "
                    "current_database() and not "
                    "r.rolsuper and r.rolname <> session_user and coalesce(" +
                    own("r.oid") + ", 'off') <> 'on' and " +
                    (scope.empty() ? overriding : "r.rolname in (" + own_logins + ")") + " order by 1");
  for (std::size_t row = 0; row < roles.rows(); ++row) {
    if (may_set(session, roles.text(row, "role")))
      take(roles, row);
    else
      notes.push_back(
          fmt::format("{} keeps its own {}, which the admin may not change: only the privileges that it "
                      "lacks stop it",
                      roles.text(row, "role"), setting));
  }
  return missing;
}

}  // namespace fleet
