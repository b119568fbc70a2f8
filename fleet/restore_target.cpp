// What is looked at before an archive is restored: fleet/restore.hpp, can_be_restored.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/restore.hpp"
#include "fleet/restore_mark.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

std::string list_of(std::vector<std::string> const& values) {
  return fmt::format("{}", fmt::join(values, ", "));
}

// {"a","b \"c\""}: a text[] literal.
std::string array_of(std::vector<std::string> const& values) {
  std::string text = "{";
  for (std::string const& value : values) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

std::vector<std::string> column(Result const& rows, std::string const& name) {
  std::vector<std::string> values;
  for (std::size_t row = 0; row < rows.rows(); ++row) values.push_back(rows.text(row, name));
  return values;
}

std::string admin_hint(Endpoint const& server) {
  return fmt::format(
      "login {} of server {} comes from {} in identity.db_server: it must be the server's "
      "admin (CREATEDB, CREATEROLE), not the application's role",
      server.get("user"), server.server,
      server.password.empty() ? "admin_user" : server.password.reference());
}

struct Login {
  std::string name;
  bool superuser, createdb, createrole;
};

Login login_at(Session& session) {
  Result const row = session.query(
      "select rolname, rolsuper, rolcreatedb, rolcreaterole from pg_catalog.pg_roles where rolname = "
      "current_user");
  auto const is = [&](char const* name) { return row.text(0, name) == "t"; };
  return {row.text(0, "rolname"), is("rolsuper"), is("rolcreatedb"), is("rolcreaterole")};
}

void check_version(RestoreRequest const& request, Session& session) {
  int const dumped = major_version(request.archive.manifest.server_version);
  int const there = session.server_version() / 10000;
  if (dumped > there)
    throw Error{
        ErrorKind::refused,
        fmt::format("the archive was dumped from PostgreSQL {}, server {} is {}: there is no way back "
                    "to an older major version",
                    dumped, request.server.server, there)}
        .with_hint(fmt::format("restore it on a server of version {} or newer: --input server=NAME", dumped));
}

void check_rights(RestoreRequest const& request, Login const& login) {
  if (login.createdb || login.superuser) return;
  throw Error{
      ErrorKind::refused,
      fmt::format("permission denied: login {} may not create databases on server {}{}", login.name,
                  request.server.server,
                  request.in_schema() ? ", and a schema gets its new name in a scratch database" : "")}
      .with_hint(admin_hint(request.server));
}

void check_roles(RestoreRequest const& request, Login const& login, Session& session, DumpMeans const& means,
                 fs::path const& pg_restore, TargetFacts& facts) {
  std::vector<std::string> wanted = roles_named(request.archive, pg_restore, means.stop);
  std::erase(wanted, facts.owner);
  facts.grantees = wanted;
  wanted.insert(wanted.begin(), facts.owner);
  std::vector<std::string> const there =
      column(session.query({"select rolname from pg_catalog.pg_roles where rolname = any($1::text[])",
                            {array_of(wanted)}}),
             "rolname");
  for (std::string const& role : wanted)
    if (std::find(there.begin(), there.end(), role) == there.end()) facts.missing_roles.push_back(role);
  if (!facts.missing_roles.empty() && !login.createrole && !login.superuser)
    throw Error{ErrorKind::refused,
                fmt::format("server {} has no role {}, and login {} may not create roles",
                            request.server.server, list_of(facts.missing_roles), login.name)}
        .with_hint(admin_hint(request.server));
  Result const owner =
      session.query({"select rolsuper, pg_catalog.pg_has_role(current_user, oid, 'member') as member from "
                     "pg_catalog.pg_roles where rolname = $1",
                     {facts.owner}});
  facts.owner_to_be_granted = owner.empty() || owner.text(0, "member") != "t";
  if (!owner.empty() && owner.text(0, "rolsuper") == "t" && !login.superuser)
    throw Error{ErrorKind::refused,
                fmt::format("role {}, which owned the archive's database, is a superuser on server {}, and "
                            "login {} may not act for it",
                            facts.owner, request.server.server, login.name)}
        .with_hint("say whose it shall be: --input owner=ROLE");
}

void check_extensions(RestoreRequest const& request, Login const& login, Session& session,
                      TargetFacts& facts) {
  std::vector<std::string> names;
  for (DumpedExtension const& extension : request.archive.manifest.extensions)
    names.push_back(extension.name);
  if (names.empty()) return;
  Result const rows = session.query(
      {"select w.name, e.default_version, v.superuser and not v.trusted as untrusted from "
       "unnest($1::text[]) w(name) left join pg_catalog.pg_available_extensions e on e.name = w.name left "
       "join pg_catalog.pg_available_extension_versions v on v.name = e.name and v.version = "
       "e.default_version order by 1",
       {array_of(names)}});
  std::vector<std::string> missing, untrusted;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string const name = rows.text(row, "name");
    if (!rows.at(row, "default_version")) {
      missing.push_back(name);
      continue;
    }
    if (rows.text(row, "untrusted") == "t") untrusted.push_back(name);
    for (DumpedExtension const& extension : request.archive.manifest.extensions)
      if (extension.name == name && !extension.version.empty() &&
          extension.version != rows.text(row, "default_version"))
        facts.notes.push_back(fmt::format("extension {} was {} and will be {}", name, extension.version,
                                          rows.text(row, "default_version")));
  }
  if (!missing.empty())
    throw Error{ErrorKind::refused, fmt::format("server {} has no extension {}, which the archive needs",
                                                request.server.server, list_of(missing))}
        .with_hint("install it there (Debian: apt-cache search postgresql-" +
                   std::to_string(session.server_version() / 10000) + ")");
  if (!untrusted.empty() && !login.superuser && !request.in_schema())
    throw Error{ErrorKind::refused, fmt::format("only a superuser may create extension {} on server {}",
                                                list_of(untrusted), request.server.server)}
        .with_hint(fmt::format("have a superuser mark it `trusted = true` in its control file, or let a "
                               "superuser restore it: psql's way is pg_restore {}",
                               request.archive.path.string()));
}

// glibc's own spelling of en_US.UTF-8 is en_US.utf8.
constexpr std::string_view known_collation =
    "select exists (select from pg_catalog.pg_database where datcollate = $1 or datctype = $1) or exists "
    "(select from pg_catalog.pg_collation where collprovider = 'c' and lower(replace(collcollate, '-', '')) "
    "= "
    "lower(replace($1, '-', ''))) or $1 in ('C', 'POSIX')";

void check_encoding(RestoreRequest const& request, Session& session) {
  if (request.in_schema()) return;
  Manifest const& manifest = request.archive.manifest;
  auto const yes = [](Result const& row) { return row.value() == "t"; };
  if (!manifest.encoding.empty() &&
      !yes(session.query({"select pg_catalog.pg_char_to_encoding($1) >= 0", {manifest.encoding}})))
    throw Error{ErrorKind::refused, fmt::format("server {} knows no encoding {}", request.server.server,
                                                in_quotes(manifest.encoding))};
  for (std::string const& name : {manifest.collate, manifest.ctype})
    if (!name.empty() && !yes(session.query({std::string{known_collation}, {name}})))
      throw Error{ErrorKind::refused,
                  fmt::format("server {} has no collation {}, which the archive's database had",
                              request.server.server, in_quotes(name))}
          .with_hint(fmt::format("on that machine: locale-gen {}, then restart PostgreSQL; or restore on "
                                 "another server: --input server=NAME",
                                 name));
}

void check_superuser_objects(RestoreRequest const& request, Login const& login, fs::path const& pg_restore,
                             DumpMeans const& means) {
  if (login.superuser) return;
  auto const kinds = entries_by_kind(request.archive, pg_restore, means.stop);
  for (char const* kind : {"EVENT TRIGGER", "FOREIGN DATA WRAPPER", "PROCEDURAL LANGUAGE"})
    if (auto const found = kinds.find(kind); found != kinds.end())
      throw Error{ErrorKind::refused, fmt::format("the archive holds {} {}, which only a superuser may "
                                                  "create, and login {} is none",
                                                  found->second, kind, login.name)}
          .with_hint(
              "have a superuser restore it with pg_restore, or drop it from the tenant and dump again");
}

// The server's disk can be seen only on its own machine, by who may ask where its data lies.
void check_room(RestoreRequest const& request, std::uint64_t needed, Session& session, TargetFacts& facts) {
  if (needed == 0) return;
  Result const place = session.query(
      "select setting from pg_catalog.pg_settings where name = 'data_directory' and setting <> ''");
  bool const here = request.server.get("host").starts_with('/') || request.server.get("host") == "localhost";
  std::error_code error;
  auto const space = here && !place.empty() ? fs::space(place.text(0, "setting"), error) : fs::space_info{};
  if (!here || place.empty() || error) {
    facts.notes.push_back(
        fmt::format("about {} MiB will be needed on server {}; how much is free there is "
                    "not known from here",
                    (needed >> 20U) + 1, request.server.server));
    return;
  }
  if (space.available < needed)
    throw Error{ErrorKind::refused,
                fmt::format("server {} has {} MiB left, the restored tenant will need about {} MiB",
                            request.server.server, space.available >> 20U, (needed >> 20U) + 1)}
        .with_hint("make room there, or restore on another server: --input server=NAME");
}

void check_place(RestoreRequest const& request, DumpMeans const& means) {
  RestoreEvidence const evidence = restore_state(request, means);
  if (evidence.state == RestoreEvidence::State::broken)
    throw Error{ErrorKind::refused, evidence.seen}.with_hint(
        "an archive is restored into an empty place only: rename or drop what is there, then run it again");
  if (!request.in_schema()) return;
  auto const shared = means.driver.connect(
      request.server.with_database(request.shared), means.secrets,
      {.access = Access::read_only, .application_name = this_operator().application_name("restore check")});
  if (shared
          ->query({"select pg_catalog.has_database_privilege($1, current_database(), 'create') from "
                   "pg_catalog.pg_roles where rolname = $1",
                   {request.owner}})
          .value() == "f")
    throw Error{ErrorKind::refused,
                fmt::format("permission denied: role {} may not create schemas in database {}", request.owner,
                            request.shared)}
        .with_hint(
            fmt::format("grant create on database {} to {}; or say whose it shall be: --input owner=ROLE",
                        shared->quote_identifier(request.shared), shared->quote_identifier(request.owner)));
}

}  // namespace

std::string contents(Session& session, std::string const& schema) {
  // Whatever a fresh database has belongs to PostgreSQL (oid below 16384), or is schema public.
  Result const rows = session.query(
      {"with named as (select case c.relkind when 'S' then 'sequences' when 'v' then 'views' when 'm' then "
       "'views' when 'f' then 'foreign tables' when 'c' then 'types' else 'tables' end as kind, "
       "format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join "
       "pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid >= 16384 and c.relkind not in ('i', "
       "'I', 't') and n.nspname !~ '^pg_(toast|temp)' and ($1 = '' or n.nspname = $1) union all select "
       "'functions', format('%I.%I', n.nspname, p.proname) from pg_catalog.pg_proc p join "
       "pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid >= 16384 and ($1 = '' or n.nspname = "
       "$1) union all select 'schemas', format('%I', n.nspname) from pg_catalog.pg_namespace n where n.oid "
       ">= "
       "16384 and n.nspname !~ '^pg_' and $1 = '' union all select 'extensions', format('%I', e.extname) "
       "from "
       "pg_catalog.pg_extension e where e.oid >= 16384 and $1 = '' union all select 'large objects', "
       "m.oid::text from pg_catalog.pg_largeobject_metadata m where $1 = '') select kind, count(*) as many, "
       "(array_agg(name order by name))[1:3] as names, min(case kind when 'tables' then 1 else 2 end) as "
       "rank "
       "from named group by kind order by rank, kind",
       {schema}});
  std::string counts, names;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string kind = rows.text(row, "kind");
    if (rows.text(row, "many") == "1") kind.pop_back();
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", rows.text(row, "many"), kind);
    if (names.empty()) names = rows.text(row, "names");
  }
  if (counts.empty()) return {};
  if (names.size() > 2) names = names.substr(1, names.size() - 2);
  return fmt::format("{} ({}{})", counts, names, rows.text(0, "many").size() > 1 ? ",…" : "");
}

TargetFacts can_be_restored(RestoreRequest const& request, std::uint64_t bytes_needed,
                            DumpMeans const& means) {
  if (request.jobs < 1) throw Error{ErrorKind::usage, "jobs must be at least 1"};
  if (!request.run_id.empty()) (void)request.copy();
  auto const session = means.driver.connect(
      request.server, means.secrets,
      {.access = Access::read_only,
       .application_name = this_operator().application_name("restore check " + request.sibling.slug),
       .stop = means.stop});
  check_version(request, *session);
  fs::path const pg_restore =
      pg_restore_for(major_version(request.archive.manifest.pg_dump), session->server_version() / 10000);
  TargetFacts facts;
  facts.owner = request.owner.empty() ? request.archive.manifest.owner : request.owner;
  if (facts.owner.empty())
    throw Error{ErrorKind::usage, "the archive does not say who owned its database"}.with_hint(
        "say whose it shall be: --input owner=ROLE");
  Login const login = login_at(*session);
  check_rights(request, login);
  check_roles(request, login, *session, means, pg_restore, facts);
  check_extensions(request, login, *session, facts);
  check_encoding(request, *session);
  check_superuser_objects(request, login, pg_restore, means);
  check_room(request, bytes_needed, *session, facts);
  RestoreRequest owned = request;
  owned.owner = facts.owner;
  check_place(owned, means);
  return facts;
}

}  // namespace fleet
