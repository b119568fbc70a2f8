#include "migrations/engine/explain.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "migrations/engine/ledger.hpp"

namespace migrations {

namespace {

// duplicate_table, duplicate_object, duplicate_schema, duplicate_column, duplicate_function
constexpr std::array<std::string_view, 5> duplicates{"42P07", "42710", "42P06", "42701", "42723"};

bool creates_on_database(Script const& script) {
  std::vector<Head> const heads = statement_heads(script.sql);
  return std::any_of(heads.begin(), heads.end(), [](Head const& head) {
    return head.words.size() > 1 && head.words[0] == "CREATE" &&
           (head.words[1] == "EXTENSION" || head.words[1] == "SCHEMA" || head.words[1] == "PUBLICATION");
  });
}

// The first "…" in a message.
std::string quoted_part(std::string const& message) {
  std::size_t const open = message.find('"');
  std::size_t const close = open == std::string::npos ? open : message.find('"', open + 1);
  return close == std::string::npos ? "" : message.substr(open + 1, close - open - 1);
}

// What to do about a missing right to create schemas and extensions, "" when that right is there and the
// extension is one that its owner may create.
std::string missing_right(fleet::Session& session, std::string const& owner, std::string const& message) {
  fleet::Result const facts = session.query(
      {"select datname as name, pg_catalog.pg_get_userbyid(datdba) as owner, r.role, "
       "pg_catalog.has_database_privilege(r.role, d.oid, 'CREATE') as may_create "
       "from pg_catalog.pg_database d, (select coalesce(nullif($1, ''), session_user)::name as role) r "
       "where datname = pg_catalog.current_database()",
       {owner}});
  std::string const database = session.quote_identifier(facts.text(0, "name"));
  std::string const role = session.quote_identifier(facts.text(0, "role"));
  if (facts.text(0, "may_create") != "t")
    return "the database belongs to " + session.quote_identifier(facts.text(0, "owner")) +
           "; have its owner run: GRANT CREATE ON DATABASE " + database + " TO " + role + "; then run again";
  std::string const extension = quoted_part(message);
  fleet::Result const untrusted = session.query(
      {"select 1 from pg_catalog.pg_available_extension_versions v join pg_catalog.pg_available_extensions e "
       "on e.name = v.name and e.default_version = v.version where v.name = $1 and not v.trusted",
       {extension}});
  if (untrusted.empty()) return {};
  return "the extension is not a trusted one: have a superuser run CREATE EXTENSION " +
         session.quote_identifier(extension) + " in database " + database + ", then run again";
}

std::string hint_for(fleet::Error const& error, Migration const& file, Script const& script,
                     fleet::Session& session, std::string const& owner) {
  std::string const& state = error.sqlstate;
  if (std::find(duplicates.begin(), duplicates.end(), state) != duplicates.end())
    return "the object exists but the ledger does not list this file: a run by hand or by another tool; "
           "compare it, "
           "then `tenantsh migrate mark " +
           file.name +
           "` with the --set and --tenants of this call to record it, or drop the object and run again";
  if (state == "42501" && session.is_open() && creates_on_database(script))
    return missing_right(session, owner, error.message);
  if (state == "55P03")
    return "something holds a lock that this file needs (see pg_locks, pg_stat_activity); nothing waits "
           "behind us: "
           "run again when it is gone, or give a longer lock_timeout";
  if (state == "25001") return "add the line `-- tenantsh: no-transaction` at the top of the file";
  if (state == "23505" && file.seed)
    return "a seed runs more than once: write it with ON CONFLICT … DO UPDATE";
  if (error.kind == fleet::ErrorKind::in_doubt)
    return script.no_transaction
               ? "look what the statement left behind, then run again"
               : "run again: the ledger row was in the same commit and says whether it happened";
  return {};
}

}  // namespace

fleet::Error explain(fleet::Error error, Migration const& file, Script const& script, fleet::Session& session,
                     std::string const& owner) {
  if (error.kind == fleet::ErrorKind::interrupted) return error;
  if (std::string hint = hint_for(error, file, script, session, owner); !hint.empty())
    error.hint = std::move(hint);
  if (error.message.rfind(script.file + ":", 0) != 0) error.message = script.file + ": " + error.message;
  return error;
}

void prepare_ledger_explained(fleet::Session& session) {
  try {
    prepare_ledger(session);
  } catch (fleet::Error& error) {
    if (error.sqlstate == "42501")
      if (std::string hint = missing_right(session, "", error.message); !hint.empty())
        error.hint = std::move(hint);
    error.message = "the ledger cannot be made: " + error.message;
    throw;
  }
}

}  // namespace migrations
