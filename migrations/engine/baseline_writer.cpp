// A baseline's text: pg_dump's two halves without what is only for psql, the rows between them, before there
// are indexes, constraints and triggers.
#include <fmt/format.h>

#include <optional>

#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/passfile.hpp"
#include "fleet/process.hpp"
#include "migrations/engine/baseline.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::string pg_dump(fleet::Session& session, fleet::Secrets& secrets, DumpPlace const& place,
                    std::string const& section, std::stop_token const& stop) {
  fleet::Command command;
  command.argv = {fleet::postgres_program("pg_dump", session.server_version() / 10000).string(), "--no-owner",
                  "--section=" + section};
  if (place.schema_name.empty()) {
    command.argv.push_back("--exclude-schema=tenantsh");
    command.argv.push_back("--exclude-schema=runbook");
  } else {
    command.argv.push_back("--schema=" + place.schema_name);
  }
  std::optional<fleet::Passfile> passfile;
  if (!place.endpoint.password.empty()) passfile.emplace(secrets.resolve(place.endpoint.password));
  command.argv.push_back("--dbname=" + fleet::dsn_of(place.endpoint.keywords));
  command.without = {"PG*"};
  command.environment = {
      {"PGPASSFILE", passfile ? passfile->path() : "/nonexistent/tenantsh-passfile"},
      {"PGAPPNAME", fleet::this_operator().application_name("pg_dump of a scratch database")}};
  fleet::CommandResult result = fleet::run(command, [&] { return stop.stop_requested(); });
  if (result.exit_code != 0)
    throw Error{ErrorKind::tool,
                secrets.redact("pg_dump: " + result.errors.substr(0, result.errors.find('\n')))};
  return std::move(result.output);
}

// \restrict and \unrestrict, which newer minor versions write first and last.
std::string without_psql_lines(std::string text) {
  if (std::size_t const first = text.find("\n\\restrict "); first != std::string::npos)
    text.erase(first + 1, text.find('\n', first + 1) - first);
  if (std::size_t const last = text.rfind("\n\\unrestrict "); last != std::string::npos)
    text.erase(last + 1, text.find('\n', last + 1) - last);
  return text;
}

bool is_setting(std::string_view statement) {
  return statement.starts_with("SET ") || statement.starts_with("SELECT pg_catalog.set_config('search_path'");
}

// The role that ran the migrations is the one that will run the baseline.
std::string for_any_role(std::string statement, std::string const& role) {
  std::string const begin = "ALTER DEFAULT PRIVILEGES ", whose = "FOR ROLE " + role + " ";
  if (statement.starts_with(begin + whose)) statement.erase(begin.size(), whose.size());
  return statement;
}

std::string statements_of(std::string const& dump, std::string const& role) {
  std::string text;
  for (Piece const& piece : split_statements(dump)) {
    std::string const sql = piece.sql;
    if (is_setting(sql)) continue;
    text += for_any_role(sql, role) + ";\n\n";
  }
  return text;
}

}  // namespace

std::string write_baseline(fleet::Session& session, fleet::Secrets& secrets, DumpPlace const& place,
                           std::stop_token stop) {
  std::string const role = session.query("select pg_catalog.quote_ident(current_user)").value().value_or("");
  std::string body;
  for (char const* section : {"pre-data", "post-data"}) {
    body += statements_of(without_psql_lines(pg_dump(session, secrets, place, section, stop)), role);
    if (section == std::string_view{"pre-data"}) body += reference_rows_sql(session, place.schema_name);
  }
  // Functions stand before the tables that they speak of.
  std::string text =
      "-- Everything that the migrations give, at once. Made by `tenantsh migrate baseline write`.\n\n";
  if (body.find("FUNCTION") != std::string::npos || body.find("PROCEDURE") != std::string::npos)
    text += "set local check_function_bodies = off;\n\n";
  text += body;
  if (!place.schema_name.empty())
    for (std::size_t at = 0; (at = text.find(place.schema_name, at)) != std::string::npos;
         at += schema_placeholder.size())
      text.replace(at, place.schema_name.size(), schema_placeholder);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace migrations
