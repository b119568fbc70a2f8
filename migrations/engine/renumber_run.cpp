#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "fleet/error.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/renumber.hpp"

namespace migrations {

namespace {

using Path = std::filesystem::path;
using Json = nlohmann::ordered_json;
using Phase = RenumberJournal::Phase;

constexpr char const* journal_name = ".renumber.json";
constexpr char const* on_the_way = ".renumber";   // folder of the files between their names
constexpr char const* marker_scope = "renumber";  // a row of the ledger: this renumbering was done here

fleet::Error io_error(Path const& path, char const* what) {
  return fleet::Error{fleet::ErrorKind::io,
                      path.string() + " cannot be " + what + ": " + std::strerror(errno)};
}

std::string text_of(Path const& path) {
  std::ifstream stream{path, std::ios::binary};
  if (!stream) throw io_error(path, "read");
  return {std::istreambuf_iterator<char>{stream}, {}};
}

void sync_folder(Path const& folder) {
  int const handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) throw io_error(folder, "opened");
  ::fsync(handle);
  ::close(handle);
}

// The new text, whole or not at all.
void replace_file(Path const& path, std::string const& text) {
  Path const fresh = path.string() + ".new";
  int const handle = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (handle < 0) throw io_error(fresh, "made");
  bool const written = ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  bool const safe = written && ::fsync(handle) == 0;
  ::close(handle);
  if (!safe || ::rename(fresh.c_str(), path.c_str()) != 0) throw io_error(path, "written");
  sync_folder(path.parent_path());
}

void move(Path const& from, Path const& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw io_error(from, ("renamed to " + to.string()).c_str());
}

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

// Whether a stem ends at `at`: "010_x.sql" and "010_x-up.sql" go on after it, "010_xy" and "010_x-y" do not
// end there.
bool ends_at(std::string const& text, std::size_t at) {
  if (at >= text.size() || !word(text[at])) return true;
  for (char const* way : {"-up", "-down"}) {
    std::size_t const after = at + std::strlen(way);
    if (text.compare(at, after - at, way) == 0 && (after == text.size() || !word(text[after]))) return true;
  }
  return false;
}

// `text` with every stem replaced where it stands as a whole, all at once: 011_x to 012_x and 012_x to 013_x.
std::string renamed(std::string const& text, std::vector<Renumbering> const& stems) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    Renumbering const* found = nullptr;
    if (i == 0 || !word(text[i - 1]))
      for (Renumbering const& stem : stems)
        if (text.compare(i, stem.from.size(), stem.from) == 0 && ends_at(text, i + stem.from.size()))
          found = &stem;
    if (found == nullptr) {
      result += text[i++];
    } else {
      result += found->to;
      i += found->from.size();
    }
  }
  return result;
}

// "010_x.up.sql" of stem 010_x; Flyway's way back is called U for V.
Path renamed_file(Path const& file, Renumbering const& stem) {
  std::string const name = file.filename().string();
  bool const undo = name[0] == 'U' && stem.from[0] == 'V';
  return file.parent_path() / ((undo ? "U" + stem.to.substr(1) : stem.to) + name.substr(stem.from.size()));
}

char const* phase_name(Phase phase) {
  switch (phase) {
    case Phase::ledgers: return "ledgers";
    case Phase::out: return "out";
    case Phase::in: return "in";
  }
  return "ledgers";
}

// A table in which another tool keeps names; the forms are those of a migration's files or its stem alone.
struct NameTable {
  char const* table;  // as to_regclass takes it, in the schema where the tool puts it by default
  char const* column;
  bool stems;
};
constexpr NameTable name_tables[] = {{"public.knex_migrations", "name", false},
                                     {"public.\"SequelizeMeta\"", "name", false},
                                     {"public.\"SequelizeData\"", "name", false},
                                     {"public.pgmigrations", "name", true},
                                     {"public._prisma_migrations", "migration_name", true}};

bool exists(fleet::Session& session, std::string const& table) {
  return session.query({"select pg_catalog.to_regclass($1) is not null", {table}}).value() == "t";
}

// Renames in two steps, for 011_x may become 012_x while 012_x is still there.
std::size_t rename_rows(fleet::Session& session, std::string const& table, std::string const& column,
                        std::string const& where, std::map<std::string, std::string> const& names) {
  Json pairs = Json::object();
  for (auto const& [from, to] : names) pairs[from] = to;
  std::string const on_its_way = "'renumber>'";
  fleet::Result const moved = session.query(
      {"update " + table + " t set " + column + " = " + on_its_way +
           " || m.value from pg_catalog.jsonb_each_text($1::jsonb) m where t." + column + " = m.key" + where,
       {pairs.dump()}});
  session.query("update " + table + " t set " + column + " = pg_catalog.substr(" + column +
                ", 10) where pg_catalog.left(" + column + ", 9) = " + on_its_way + where);
  return moved.affected;
}

}  // namespace

RenumberJournal make_journal(Path const& folder, NumberedFolder const& numbers,
                             std::vector<Renumbering> stems, fleet::Driver const& driver) {
  RenumberJournal journal;
  journal.id = driver.random_token(12);
  journal.stems = std::move(stems);
  for (NumberedStem const& numbered : numbers.stems) {
    Renumbering const* stem = nullptr;
    for (Renumbering const& renaming : journal.stems)
      if (renaming.from == numbered.stem) stem = &renaming;
    for (Path const& file : numbered.files) {
      RenumberJournal::File entry{file, stem == nullptr ? file : renamed_file(file, *stem), std::nullopt};
      if (is_program(file.filename().string())) {
        std::string const before = text_of(folder / file);
        if (std::string after = renamed(before, journal.stems); after != before) {
          journal.digests.push_back(
              {entry.to.filename().string(), driver.sha256(before), driver.sha256(after)});
          entry.text = std::move(after);
        }
      }
      if (entry.text || entry.from != entry.to) journal.files.push_back(std::move(entry));
    }
  }
  return journal;
}

std::optional<RenumberJournal> read_journal(Path const& folder) {
  Path const path = folder / journal_name;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  RenumberJournal journal;
  try {
    Json const json = Json::parse(text_of(path));
    journal.id = json.at("id");
    std::string const phase = json.at("phase");
    journal.phase = phase == "in" ? Phase::in : phase == "out" ? Phase::out : Phase::ledgers;
    journal.scope = json.at("scope") == "master" ? Scope::master : Scope::tenant;
    journal.targets = json.at("targets").get<std::vector<std::string>>();
    for (Json const& stem : json.at("stems")) journal.stems.push_back({stem.at("from"), stem.at("to"), ""});
    for (Json const& file : json.at("files")) {
      journal.files.push_back(
          {file.at("from").get<std::string>(), file.at("to").get<std::string>(), std::nullopt});
      if (file.contains("text")) journal.files.back().text = file.at("text").get<std::string>();
    }
    for (Json const& digest : json.at("digests"))
      journal.digests.push_back({digest.at("name"), digest.at("before"), digest.at("after")});
  } catch (Json::exception const& reason) {
    throw fleet::Error{fleet::ErrorKind::config, path.string() + " cannot be read: " + reason.what()}
        .with_hint(
            "it says how far a renumbering came; bring back the one that was written, or compare folder and "
            "ledgers by "
            "hand before it is deleted");
  }
  return journal;
}

void write_journal(Path const& folder, RenumberJournal const& journal) {
  Json json{{"version", 1},
            {"id", journal.id},
            {"phase", phase_name(journal.phase)},
            {"scope", std::string{to_string(journal.scope)}},
            {"targets", journal.targets},
            {"stems", Json::array()},
            {"files", Json::array()},
            {"digests", Json::array()}};
  for (Renumbering const& stem : journal.stems)
    json["stems"].push_back({{"from", stem.from}, {"to", stem.to}});
  for (RenumberJournal::File const& file : journal.files) {
    Json entry{{"from", file.from.string()}, {"to", file.to.string()}};
    if (file.text) entry["text"] = *file.text;
    json["files"].push_back(std::move(entry));
  }
  for (RenumberJournal::Digest const& digest : journal.digests)
    json["digests"].push_back({{"name", digest.name}, {"before", digest.before}, {"after", digest.after}});
  replace_file(folder / journal_name, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

namespace {

void require_update(fleet::Session& session, char const* table) {
  if (session.query({"select pg_catalog.has_table_privilege($1, 'UPDATE')", {table}}).value() == "t") return;
  throw fleet::Error{fleet::ErrorKind::refused,
                     std::string{table} + " may not be written: its names cannot be renamed"}
      .with_hint("have its owner run: GRANT UPDATE ON " + std::string{table} + " TO " +
                 session.query("select pg_catalog.quote_ident(current_user)").value().value_or(""));
}

}  // namespace

std::set<std::string> applied_names(fleet::Session& session, Target const& target) {
  std::set<std::string> names;
  for (LedgerEntry const& entry : read_ledger(session, target).entries) names.insert(entry.name);
  for (NameTable const& known : name_tables) {
    if (!exists(session, known.table)) continue;
    require_update(session, known.table);
    fleet::Result const rows =
        session.query(std::string{"select "} + known.column + " as name from " + known.table);
    for (std::size_t row = 0; row < rows.rows(); ++row) names.insert(rows.text(row, "name"));
  }
  return names;
}

std::size_t renumber_target(fleet::Session& session, Target const& target, RenumberJournal const& journal) {
  std::map<std::string, std::string> files, stems;
  for (RenumberJournal::File const& file : journal.files)
    if (file.from != file.to) files[file.from.filename().string()] = file.to.filename().string();
  for (Renumbering const& stem : journal.stems) stems[stem.from] = stem.to;
  prepare_ledger(session);
  fleet::Transaction transaction{session, fleet::Access::read_write};
  session.script("set local lock_timeout = '5s'");
  auto const done =
      session.query({"select 1 from tenantsh.ledger where scope = $1 and schema_name = $2 and name = $3",
                     {marker_scope, target.schema_name, journal.id}});
  if (!done.empty()) return 0;
  std::string const ours = " and t.scope = " + session.quote_literal(to_string(target.scope)) +
                           " and t.schema_name = " + session.quote_literal(target.schema_name);
  std::map<std::string, std::string> all = files;
  all.insert(stems.begin(), stems.end());  // Prisma's folders stand in the ledger as they are called
  std::size_t rows = rename_rows(session, "tenantsh.ledger", "name", ours, all);
  for (RenumberJournal::Digest const& digest : journal.digests)
    session.query({"update tenantsh.ledger t set sha256 = $3 where t.name = $1 and t.sha256 = $2" + ours,
                   {digest.name, digest.before, digest.after}});
  for (NameTable const& known : name_tables)
    if (exists(session, known.table))
      rows += rename_rows(session, known.table, known.column, "", known.stems ? stems : files);
  session.query(
      {"insert into tenantsh.ledger (scope, schema_name, name, sha256, duration_ms) values ($1, $2, $3, '', "
       "0)",
       {marker_scope, target.schema_name, journal.id}});
  transaction.commit();
  return rows;
}

void renumber_files(Path const& folder, RenumberJournal& journal) {
  Path const way = folder / on_the_way;
  std::error_code error;
  auto const resting = [&](std::size_t number) { return way / std::to_string(number); };
  if (journal.phase != Phase::in) {
    journal.phase = Phase::out;
    write_journal(folder, journal);
    std::filesystem::create_directory(way, error);
    if (error) throw fleet::Error{fleet::ErrorKind::io, way.string() + " cannot be made: " + error.message()};
    for (std::size_t i = 0; i < journal.files.size(); ++i)
      if (std::filesystem::exists(folder / journal.files[i].from, error))
        move(folder / journal.files[i].from, resting(i));
    sync_folder(folder);
    sync_folder(way);
    journal.phase = Phase::in;
    write_journal(folder, journal);
  }
  for (std::size_t i = 0; i < journal.files.size(); ++i) {
    if (!std::filesystem::exists(resting(i), error)) continue;
    if (journal.files[i].text) replace_file(resting(i), *journal.files[i].text);
    move(resting(i), folder / journal.files[i].to);
  }
  sync_folder(folder);
  std::filesystem::remove_all(way, error);
  std::filesystem::remove(folder / journal_name, error);
  if (error)
    throw fleet::Error{fleet::ErrorKind::io,
                       (folder / journal_name).string() + " cannot be removed: " + error.message()};
  sync_folder(folder);
}

}  // namespace migrations
