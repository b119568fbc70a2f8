#include "fleet/restore_archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <sstream>
#include <system_error>

#include "fleet/backup_archive.hpp"
#include "fleet/error.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

Error not_restored(fs::path const& archive, std::string const& reason) {
  return Error{ErrorKind::refused, fmt::format("archive {} is not restored: {}", archive.string(), reason)}
      .with_detail("nothing was created");
}

// What `pg_restore --list` says above the entries, and the entries.
struct Listing {
  std::string created_at, database, format, server_version, pg_dump;
  struct Entry {
    std::string id, kind, rest;  // rest: "schema name owner"
  };
  std::vector<Entry> entries;
};

// "3456; 0 16402 TABLE DATA identity organization acme_owner": kinds are words in capitals, what follows is
// not, unless somebody named a schema so.
Listing::Entry parse_entry(std::string const& line) {
  auto const semicolon = line.find(';');
  Listing::Entry entry{line.substr(0, semicolon), {}, {}};
  std::istringstream words{line.substr(semicolon + 1)};
  std::string table_oid, oid, word;
  words >> table_oid >> oid;
  while (words >> word &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isupper(c) != 0; }))
    entry.kind += (entry.kind.empty() ? "" : " ") + word;
  entry.rest = word;
  std::string rest;
  std::getline(words, rest);
  entry.rest += rest;
  return entry;
}

Listing parse_listing(std::string const& text) {
  Listing listing;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(';')) {
      if (line.find(';') != std::string::npos) listing.entries.push_back(parse_entry(line));
      continue;
    }
    auto const value = [&](std::string_view label) {
      auto const at = line.find(label);
      return at == std::string::npos ? std::string{} : line.substr(at + label.size());
    };
    for (auto const& [label, field] :
         {std::pair{"Archive created at ", &listing.created_at}, std::pair{"    dbname: ", &listing.database},
          std::pair{"    Format: ", &listing.format},
          std::pair{"Dumped from database version: ", &listing.server_version},
          std::pair{"Dumped by pg_dump version: ", &listing.pg_dump}})
      if (std::string found = value(label); !found.empty() && field->empty()) *field = std::move(found);
  }
  return listing;
}

std::string first_line(std::string const& text) { return text.substr(0, text.find('\n')); }

CommandResult run_pg_restore(fs::path const& program, std::vector<std::string> options,
                             fs::path const& archive, std::stop_token const& stop, std::string input = {},
                             std::function<void(std::string_view)> sink = {}) {
  Command command{.argv = {program.string()},
                  .environment = {{"LC_ALL", "C"}, {"TZ", "UTC"}},
                  .without = {"PG*"},
                  .input = std::move(input),
                  .sink = std::move(sink)};
  for (std::string& option : options) command.argv.push_back(std::move(option));
  command.argv.push_back(archive.string());
  return run(command, [&] { return stop.stop_requested(); });
}

Listing list(Archive const& archive, fs::path const& program, std::stop_token const& stop) {
  CommandResult const result = run_pg_restore(program, {"--list"}, archive.readable(), stop);
  if (result.exit_code != 0)
    throw not_restored(archive.path,
                       fmt::format("{} cannot read it: {}", program.filename().string(),
                                   result.errors.empty() ? "it gave no reason" : first_line(result.errors)))
        .with_hint("choose another backup: backups:list()");
  return parse_listing(result.output);
}

// "2026-04-27 15:00:00 UTC", as pg_restore says it in TZ=UTC, is 2026-04-27T15:00:00Z.
std::string iso_time(std::string text) {
  if (text.size() < 19) return {};
  text.resize(19);
  text[10] = 'T';
  return text + "Z";
}

bool is_encrypted(fs::path const& path) {
  constexpr std::string_view magic = "age-encryption.org/";
  if (path.extension() == ".age") return true;
  std::array<char, magic.size()> begin{};
  std::ifstream file{path, std::ios::binary};
  return file.read(begin.data(), begin.size()) && std::string_view{begin.data(), begin.size()} == magic;
}

Manifest described_by_itself(Archive const& archive, DumpMeans const& means) {
  fs::path const& path = archive.path;
  Listing const listing = list(archive, postgres_program("pg_restore"), means.stop);
  Manifest manifest;
  std::error_code ignored;
  manifest.archive = path.filename();
  manifest.format = fs::is_directory(path, ignored) ? DumpFormat::directory : DumpFormat::custom;
  manifest.database = listing.database;
  manifest.server_version = listing.server_version;
  manifest.pg_dump = listing.pg_dump;
  manifest.taken_at = iso_time(listing.created_at);
  manifest.bytes = archive_bytes(path);
  for (Listing::Entry const& entry : listing.entries)
    // "- citext": the schema of an extension is none.
    if (entry.kind == "EXTENSION" && entry.rest.starts_with("- "))
      manifest.extensions.push_back({entry.rest.substr(2, entry.rest.find(' ', 2) - 2), {}});
  return manifest;
}

// Rows by table as they stand in the archive.
std::map<std::string, std::int64_t> count_rows(Archive const& archive, fs::path const& program,
                                               std::stop_token const& stop) {
  CopyCounter counter;
  CommandResult const result = run_pg_restore(program, {"--data-only", "--file=-"}, archive.readable(), stop,
                                              {}, [&](std::string_view piece) { counter.read(piece); });
  if (result.exit_code != 0)
    throw not_restored(archive.path, "it cannot be read to its end: " + first_line(result.errors))
        .with_hint("choose another backup: backups:list()");
  return counter.rows();
}

// What the manifest says of the dump and the archive says otherwise.
std::vector<std::string> contradictions(Manifest const& manifest, Listing const& listing) {
  std::vector<std::string> found;
  auto const differ = [&](std::string const& what, std::string const& said, std::string const& is) {
    if (said != is) found.push_back(fmt::format("its manifest says {} {}, the archive {}", what, said, is));
  };
  std::string format{to_string(manifest.format)};
  std::transform(format.begin(), format.end(), format.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  differ("format", format, listing.format);
  differ("database", in_quotes(manifest.database), in_quotes(listing.database));
  differ("server version", std::to_string(major_version(manifest.server_version)),
         std::to_string(major_version(listing.server_version)));
  differ("pg_dump", std::to_string(major_version(manifest.pg_dump)),
         std::to_string(major_version(listing.pg_dump)));
  return found;
}

std::vector<std::string> wrong_rows(Manifest const& manifest,
                                    std::map<std::string, std::int64_t> const& found) {
  std::vector<std::string> problems;
  std::map<std::string, std::int64_t> unnamed = found;
  for (DumpedTable const& table : manifest.tables) {
    auto const rows = found.find(table.full_name());
    if (table.rows && rows == found.end())
      problems.push_back("the rows of " + table.full_name() + " are not in the archive");
    else if (table.rows && rows->second != *table.rows)
      problems.push_back(fmt::format("{} has {} rows in the archive, {} in the manifest", table.full_name(),
                                     rows->second, *table.rows));
    unnamed.erase(table.full_name());
  }
  for (auto const& [name, rows] : unnamed)
    problems.push_back(
        fmt::format("the archive has {} rows of {}, which its manifest does not name", rows, name));
  return problems;
}

void require(fs::path const& archive, std::vector<std::string> const& problems, std::string const& hint) {
  if (problems.empty()) return;
  Error error = not_restored(archive, problems.front());
  if (problems.size() > 1)
    error.detail = fmt::format("and {} more; nothing was created", problems.size() - 1);
  throw std::move(error).with_hint(hint);
}

constexpr char const* another_backup =
    "keep it for what can be saved from it, and choose another one: backups:list()";

// One identifier off the front of `text`, in double quotes or not; "" when there is none.
std::string take_identifier(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    while (!text.empty() && (std::isalnum(static_cast<unsigned char>(text[0])) != 0 || text[0] == '_' ||
                             text[0] == '$' || static_cast<unsigned char>(text[0]) >= 0x80)) {
      name += text[0];
      text.remove_prefix(1);
    }
    return name;
  }
  text.remove_prefix(1);
  while (!text.empty()) {
    bool const doubled = text.starts_with("\"\"");
    if (text[0] == '"' && !doubled) {
      text.remove_prefix(1);
      break;
    }
    name += text[0];
    text.remove_prefix(doubled ? 2 : 1);
  }
  return name;
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

}  // namespace

int major_version(std::string const& text) {
  auto const digit = text.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::atoi(text.c_str() + digit);
}

fs::path pg_restore_for(int archive_major, int server_major) {
  for (int const major : {server_major, archive_major}) {
    if (major == 0 || major < archive_major) continue;
    try {
      fs::path program = postgres_program("pg_restore", major);
      // TENANTSH_PG_BINDIR holds what it holds.
      if (major_version(run_checked({.argv = {program.string(), "--version"}}).output) >= archive_major)
        return program;
    } catch (Error const& error) {
      if (error.kind != ErrorKind::tool) throw;
    }
  }
  fs::path newest = postgres_program("pg_restore");
  std::string const version = first_line(run_checked({.argv = {newest.string(), "--version"}}).output);
  if (major_version(version) < archive_major)
    throw Error{ErrorKind::tool,
                fmt::format("{} cannot read an archive of pg_dump {}", version, archive_major)}
        .with_detail("it is " + newest.string())
        .with_hint(fmt::format("apt install postgresql-client-{}", archive_major));
  return newest;
}

Archive open_archive(ArchiveChoice const& choice, Tenant const& source, DumpMeans const& means) {
  Archive archive{fs::absolute(choice.path).lexically_normal(), {}, false, choice.identity, nullptr};
  if (!archive.path.has_filename()) archive.path = archive.path.parent_path();  // a folder, named with a /
  std::error_code error;
  if (!fs::exists(archive.path, error))
    throw Error{ErrorKind::not_found, "there is no archive " + archive.path.string()}.with_hint(
        fmt::format("backups:list{{ tenant = \"{}\" }} says where they are", source.slug));
  if (archive_bytes(archive.path) == 0)
    throw not_restored(archive.path, "it is empty").with_hint(another_backup);
  if (bool const has_manifest = fs::exists(manifest_beside(archive.path), error);
      is_encrypted(archive.path) && (choice.identity.empty() || !has_manifest))
    throw Error{ErrorKind::refused, fmt::format("archive {} is encrypted with age{}", archive.path.string(),
                                                has_manifest ? "" : " and has no manifest")}
        .with_hint(
            has_manifest
                ? "the input identity names the file that opens it: --input identity=PATH"
                : "decrypt it first: age -d -i IDENTITY, then restore what comes out with foreign = true");
  if (!fs::exists(manifest_beside(archive.path), error)) {
    if (!choice.foreign)
      throw Error{ErrorKind::not_found, fmt::format("archive {} has no manifest {}", archive.path.string(),
                                                    manifest_beside(archive.path).string())}
          .with_hint(
              "foreign = true (--input foreign=true) restores it all the same: what it holds is then known "
              "from the archive alone");
    archive.manifest = described_by_itself(archive, means);
    archive.manifest.tenant = source.slug;
    archive.manifest.tenant_id = source.id;
    archive.foreign = true;
    return archive;
  }
  archive.manifest = read_manifest(manifest_beside(archive.path));
  Manifest const& manifest = archive.manifest;
  if (manifest.tenant != source.slug && (manifest.tenant_id.empty() || manifest.tenant_id != source.id))
    throw not_restored(archive.path,
                       fmt::format("it is of tenant {}, not of {}", in_quotes(manifest.tenant), source.slug))
        .with_hint(fmt::format("choose one of {0}: backups:list{{ tenant = \"{0}\" }}", source.slug));
  if (manifest.archive != archive.path.filename())
    throw not_restored(archive.path, fmt::format("its manifest is that of {}", in_quotes(manifest.archive)))
        .with_hint("give archive and manifest the names they had");
  if (bool const in_schema = source.placement == Placement::schema; in_schema != !manifest.schema.empty())
    throw not_restored(archive.path, fmt::format("it holds {}, tenant {} is placed in {}",
                                                 manifest.schema.empty() ? "a database" : "one schema",
                                                 source.slug, in_schema ? "a schema" : "a database"));
  if (manifest.mode == DumpMode::data_only)
    throw not_restored(archive.path, "it was dumped data_only: there are no tables in it for its rows")
        .with_hint("choose a full one: backups:list()");
  return archive;
}

void unseal(Archive& archive, DumpMeans const& means) {
  if (archive.plain || !archive.manifest.encrypted()) return;
  archive.plain =
      std::make_shared<PlainArchive const>(archive.path, archive.manifest, archive.identity, means);
}

void count_foreign(Archive& archive, DumpMeans const& means) {
  fs::path const program = pg_restore_for(major_version(archive.manifest.pg_dump), 0);
  archive.manifest.tables.clear();
  for (auto const& [name, rows] : count_rows(archive, program, means.stop)) {
    auto const dot = name.find('.');
    archive.manifest.tables.push_back(
        {name.substr(0, dot), dot == std::string::npos ? std::string{} : name.substr(dot + 1), rows});
  }
}

void check_digest(Archive const& archive, DumpMeans const& means) {
  if (archive.foreign) return;
  for (auto const& [level, problems] :
       verify_backup(archive.path, {"size", "sha256"}, means.driver, means.stop))
    require(archive.path, problems, another_backup);
}

void check_archive(Archive& archive, DumpMeans const& means) {
  if (archive.foreign) return count_foreign(archive, means);
  Manifest const& manifest = archive.manifest;
  fs::path const program = pg_restore_for(major_version(manifest.pg_dump), 0);
  check_digest(archive, means);
  unseal(archive, means);
  require(archive.path, contradictions(manifest, list(archive, program, means.stop)), another_backup);
  require(archive.path, listing_problems(archive.readable(), manifest, {program, means.stop}),
          another_backup);
  require(archive.path, wrong_rows(manifest, count_rows(archive, program, means.stop)), another_backup);
}

std::vector<std::string> roles_in_statement(std::string_view statement) {
  std::vector<std::string> roles;
  int depth = 0;
  for (std::string_view rest = statement; !rest.empty();) {
    if (rest[0] == '\'') {  // a literal: to its end
      auto const end = rest.find('\'', 1);
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
      continue;
    }
    bool const quoted = rest[0] == '"';
    std::string const word = take_identifier(rest);
    if (word.empty() && !quoted) {
      depth += rest[0] == '(' ? 1 : rest[0] == ')' ? -1 : 0;
      rest.remove_prefix(1);
      continue;
    }
    // TO and FROM bring roles; FOR does when ROLE follows; AUTHORIZATION is who grants.
    if (quoted || depth > 0) continue;
    if (word == "FOR") {
      skip_blanks(rest);
      std::string_view ahead = rest;
      if (take_identifier(ahead) != "ROLE") continue;
      rest = ahead;
    } else if (word != "TO" && word != "FROM" && word != "AUTHORIZATION") {
      continue;
    }
    do {
      skip_blanks(rest);
      bool const name_quoted = rest.starts_with('"');
      std::string const name = take_identifier(rest);
      if (!name.empty() && (name_quoted || (name != "PUBLIC" && name != "CURRENT_USER" && name != "DEFAULT")))
        roles.push_back(name);
      skip_blanks(rest);
      if (!rest.starts_with(',')) break;
      rest.remove_prefix(1);
    } while (true);
  }
  return roles;
}

std::vector<std::string> roles_named(Archive const& archive, fs::path const& pg_restore,
                                     std::stop_token stop) {
  std::string wanted;
  for (Listing::Entry const& entry : list(archive, pg_restore, stop).entries)
    if (entry.kind == "ACL" || entry.kind == "DEFAULT ACL" || entry.kind == "POLICY")
      wanted += entry.id + ";\n";
  if (wanted.empty()) return {};
  CommandResult const result = run_pg_restore(pg_restore, {"--use-list=/dev/stdin", "--no-owner", "--file=-"},
                                              archive.readable(), stop, wanted);
  if (result.exit_code != 0) throw not_restored(archive.path, first_line(result.errors));
  std::vector<std::string> roles;
  std::istringstream lines{result.output};
  for (std::string line; std::getline(lines, line);)
    for (std::string_view verb :
         {"GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES ", "CREATE POLICY ", "SET SESSION AUTHORIZATION "})
      if (line.starts_with(verb))
        for (std::string& role : roles_in_statement(line)) roles.push_back(std::move(role));
  std::sort(roles.begin(), roles.end());
  roles.erase(std::unique(roles.begin(), roles.end()), roles.end());
  return roles;
}

std::map<std::string, int> entries_by_kind(Archive const& archive, fs::path const& pg_restore,
                                           std::stop_token stop) {
  std::map<std::string, int> counts;
  for (Listing::Entry const& entry : list(archive, pg_restore, stop).entries) ++counts[entry.kind];
  return counts;
}

}  // namespace fleet
