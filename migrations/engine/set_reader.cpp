#include "migrations/engine/set_reader.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <tuple>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/header.hpp"
#include "migrations/engine/sections.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

using Path = std::filesystem::path;

// No byte-order mark, LF instead of CRLF.
std::string normalised(std::string bytes) {
  if (bytes.rfind("\xEF\xBB\xBF", 0) == 0) bytes.erase(0, 3);
  if (bytes.find('\r') == std::string::npos) return bytes;
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] != '\r' || i + 1 == bytes.size() || bytes[i + 1] != '\n') text += bytes[i];
  return text;
}

// Without the blank lines around it: a section's digest does not depend on what stands below it.
std::string trimmed_section(std::string_view text, std::size_t& begin) {
  std::size_t const first = text.find_first_not_of("\n");
  if (first == std::string_view::npos) return {};
  begin += first;
  std::size_t const last = text.find_last_not_of(" \t\n");
  return last == std::string_view::npos ? "" : std::string{text.substr(first, last + 1 - first)} + "\n";
}

// "Add Table.sql" → "061_add_table.sql"
std::string right_form(std::string_view name, std::int64_t number) {
  std::string stem;
  for (char c : name.substr(0, name.rfind('.'))) {
    bool const plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain)
      stem += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!stem.empty() && stem.back() != '_')
      stem += '_';
  }
  std::size_t const letters = stem.find_first_not_of("0123456789_");
  stem = letters == std::string::npos ? "name" : stem.substr(letters);
  std::string digits = std::to_string(number);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return digits + "_" + stem + ".sql";
}

struct Entry {
  std::string migration;  // the name that its migration has in the ledger
  std::string file;       // for messages: relative to the folder
  Path path;
  FileName name;
};

// Files of one stem.
struct Group {
  std::vector<Entry> up, down, programs;
};

class SetReader {
 public:
  SetReader(Path const& folder, Scope scope, Path const& leave_out, fleet::Driver const& driver)
      : folder_(folder), scope_(scope), leave_out_(leave_out), driver_(driver) {}

  SetContents read() {
    std::error_code error;
    list(folder_, "");
    for (char const* below : {"sqls", "sql"})
      if (std::filesystem::is_directory(folder_ / below, error))
        list(folder_ / below, std::string{below} + "/");
    if (std::filesystem::is_directory(folder_ / "archive", error)) archive();
    for (auto const& [stem, group] : groups_) take(stem, group);
    std::sort(contents_.files.begin(), contents_.files.end(), [](Migration const& a, Migration const& b) {
      return std::tie(a.version, a.name) < std::tie(b.version, b.name);
    });
    if (scoped_)
      for (auto const& [file, hint] : unscoped_)
        add(ProblemKind::bad_header, file,
            file + ": has no PLATFORM or TENANT section, other files of the set do", hint);
    for (Entry const& misfit : misfits_)
      add(ProblemKind::bad_name, misfit.migration, misfit.file + ": the name is not of the form NNN_name.sql",
          "rename it, for example to " + right_form(misfit.file, highest() + 1));
    std::stable_sort(
        contents_.problems.begin(), contents_.problems.end(), [](Problem const& a, Problem const& b) {
          bool const late_a = a.kind == ProblemKind::bad_name, late_b = b.kind == ProblemKind::bad_name;
          return std::tuple{late_a, late_a ? Version{} : version_of(a.name), a.name} <
                 std::tuple{late_b, late_b ? Version{} : version_of(b.name), b.name};
        });
    return std::move(contents_);
  }

 private:
  void add(ProblemKind kind, std::string const& name, std::string message, std::string hint) {
    contents_.problems.push_back({kind, name, std::move(message), std::move(hint)});
  }

  // ".SQL" too: such a file would be overlooked.
  static bool is_sql(Path const& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".sql";
  }

  void list(Path const& folder, std::string const& prefix) {
    std::error_code error;
    for (Path const& path : folder_entries(folder)) {
      std::string const name = path.filename().string();
      if (std::filesystem::is_directory(path, error)) {
        if (std::filesystem::exists(path / "migration.sql", error)) list_prisma(path, name);
        continue;
      }
      if (path == leave_out_) continue;
      auto parsed = parse_file_name(name);
      if (parsed) {
        Group& group = groups_[parsed->stem];
        auto& list = parsed->language == Language::program ? group.programs
                     : parsed->direction == Direction::up  ? group.up
                                                           : group.down;
        list.push_back({name, prefix + name, path, std::move(*parsed)});
      } else if (prefix.empty() && is_sql(path)) {
        misfits_.push_back({name, name, path, {}});
      }
    }
  }

  void list_prisma(Path const& path, std::string const& name) {
    auto parsed = parse_folder_name(name);
    if (!parsed) {
      misfits_.push_back({name, name + "/migration.sql", path, {}});
      return;
    }
    Group& group = groups_[parsed->stem];
    group.up.push_back({name, name + "/migration.sql", path / "migration.sql", *parsed});
    std::error_code error;
    if (std::filesystem::exists(path / "down.sql", error))
      group.down.push_back({name, name + "/down.sql", path / "down.sql", *parsed});
  }

  void archive() {
    std::error_code error;
    for (Path const& path : folder_entries(folder_ / "archive")) {
      std::string const name = path.filename().string();
      bool const prisma = std::filesystem::exists(path / "migration.sql", error);
      auto const parsed = parse_file_name(name);
      bool const file = path.extension() == ".sql" || (parsed && parsed->language == Language::program);
      if (prisma || (file && (!parsed || parsed->direction == Direction::up)))
        contents_.archived.push_back(name);
    }
  }

  std::int64_t highest() const {
    std::int64_t number = 0;
    for (Migration const& file : contents_.files)
      if (!file.repeatable) number = std::max(number, file.version.parts.front());
    for (std::string const& name : contents_.archived)
      if (auto const parsed = parse_file_name(name); !parsed || !parsed->repeatable)
        if (Version const version = version_of(name); !version.empty())
          number = std::max(number, version.parts.front());
    return number;
  }

  void take(std::string const& stem, Group const& group) {
    for (std::size_t i = 0; i < group.up.size(); ++i) take_sql(stem, group, group.up[i], i == 0);
    if (!group.up.empty()) return;
    for (Entry const& entry : group.programs) take_program(stem, entry);
    if (group.programs.empty())
      for (Entry const& entry : group.down)
        add(ProblemKind::unpaired, entry.migration,
            entry.file + ": is a way back, but there is no " + stem + " to go up",
            "name both alike: " + stem + ".up.sql and " + stem + ".down.sql");
  }

  // Nothing when the file cannot be used; why is a problem then.
  std::optional<std::string> read_text(Entry const& entry) {
    std::ifstream stream{entry.path, std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
    if (!stream.is_open() || stream.bad()) {
      add(ProblemKind::unreadable, entry.migration, entry.file + " cannot be read",
          "check the permissions of " + entry.path.string());
      return std::nullopt;
    }
    if (bytes.find('\0') != std::string::npos || !is_utf8(bytes)) {
      add(ProblemKind::not_utf8, entry.migration, entry.file + ": not UTF-8 text",
          "save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)");
      return std::nullopt;
    }
    return normalised(std::move(bytes));
  }

  // With what its name says, its text still to be read.
  Migration named(std::string const& stem, Entry const& entry) const {
    Migration file;
    file.name = entry.migration;
    file.version = entry.name.version;
    file.title = entry.name.title;
    file.stem = stem;
    file.repeatable = entry.name.repeatable;
    file.scope = scope_;
    file.file = entry.file;
    file.path = entry.path;
    return file;
  }

  void take_sql(std::string const& stem, Group const& group, Entry const& entry, bool first) {
    Migration file = named(stem, entry);
    if (auto text = read_text(entry); text && !fill(std::move(*text), entry, file)) return;
    if (first && !group.down.empty()) take_down(group.down, file);
    if (first && !group.programs.empty()) {
      file.wrapper = group.programs.front().path;
      check_program(group.programs.front());
    }
    file.sha256 = driver_.sha256(file.sql);
    contents_.files.push_back(std::move(file));
  }

  // False when the file says that it has nothing for our scope.
  bool fill(std::string text, Entry const& entry, Migration& file) {
    Sections const sections = read_sections(text);
    for (auto const& mistake : sections.mistakes)
      bad_header(entry, mistake.line, mistake.message, mistake.hint);
    scoped_ = scoped_ || sections.scoped;
    if (!sections.marked) {
      unscoped_.emplace_back(entry.file,
                             "put its statements below `-- ===== PLATFORM MIGRATIONS =====` or `-- "
                             "===== TENANT MIGRATIONS =====`");
      take_header(text, 1, entry, file, true);
      file.no_transaction = file.no_transaction || sections.parts.front().no_transaction;
      file.sql = std::move(text);
      return true;
    }
    if (!sections.scoped) unscoped_.emplace_back(entry.file, "put its statements below such a mark");
    Section const* up = find(sections, Direction::up);
    Section const* down = find(sections, Direction::down);
    if (sections.scoped && up == nullptr && down == nullptr) return false;
    take_header(std::string_view{text}.substr(0, sections.preamble_end), 1, entry, file, false);
    if (up == nullptr) {
      add(ProblemKind::empty_file, entry.migration, entry.file + ": has no way up",
          "put its statements below `-- migrate:up`");
    } else {
      std::size_t begin = up->begin;
      file.sql = trimmed_section(std::string_view{text}.substr(up->begin, up->end - up->begin), begin);
      file.first_line = line_of(text, begin);
      take_header(file.sql, file.first_line, entry, file, true);
      file.no_transaction = file.no_transaction || up->no_transaction;
    }
    if (down == nullptr) return true;
    Script script{entry.file, entry.path, {}, 1, down->no_transaction};
    std::size_t begin = down->begin;
    script.sql = trimmed_section(std::string_view{text}.substr(down->begin, down->end - down->begin), begin);
    script.first_line = line_of(text, begin);
    Header const header = read_header(script.sql);
    script.no_transaction = script.no_transaction || header.no_transaction;
    if (header.has_statement) file.down = std::move(script);
    return true;
  }

  Section const* find(Sections const& sections, Direction direction) const {
    for (Section const& section : sections.parts)
      if (section.direction == direction && (!section.scope || *section.scope == scope_)) return &section;
    return nullptr;
  }

  void take_down(std::vector<Entry> const& downs, Migration& file) {
    Entry const& entry = downs.front();
    if (file.down)
      bad_header(entry, 1, "a second way back: " + file.file + " holds one already", "keep one of the two");
    for (std::size_t i = 1; i < downs.size(); ++i)
      bad_header(downs[i], 1, "a second way back beside " + entry.file, "keep one of the two");
    auto text = read_text(entry);
    if (!text) return;
    if (Sections const sections = read_sections(*text); sections.scoped) {
      auto const ours = std::find_if(sections.parts.begin(), sections.parts.end(),
                                     [this](Section const& part) { return part.scope == scope_; });
      if (ours == sections.parts.end()) return;
      std::size_t begin = ours->begin;
      std::string sql =
          trimmed_section(std::string_view{*text}.substr(ours->begin, ours->end - ours->begin), begin);
      Header const part = read_header(sql);
      if (part.has_statement)
        file.down =
            Script{entry.file, entry.path, std::move(sql), line_of(*text, begin), part.no_transaction};
      return;
    }
    Header const header = read_header(*text);
    if (header.has_statement)
      file.down = Script{entry.file, entry.path, std::move(*text), 1, header.no_transaction};
  }

  void take_program(std::string const& stem, Entry const& entry) {
    Migration file = named(stem, entry);
    file.language = Language::program;
    if (auto text = read_text(entry)) file.sha256 = driver_.sha256(*text);
    check_program(entry);
    contents_.files.push_back(std::move(file));
  }

  // A program that reads the SQL of another migration runs something else than its name says.
  void check_program(Entry const& entry) {
    std::ifstream stream{entry.path, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{stream}, {}};
    for (std::size_t at = 0; (at = text.find(".sql", at)) != std::string::npos; at += 4) {
      std::size_t begin = at;
      while (begin > 0 && (std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0 ||
                           std::string_view{"_-."}.find(text[begin - 1]) != std::string_view::npos))
        --begin;
      auto const named = parse_file_name(std::string_view{text}.substr(begin, at + 4 - begin));
      if (!named || named->stem == entry.name.stem || groups_.count(named->stem) == 0) continue;
      add(ProblemKind::wrong_wrapper, entry.file,
          entry.file + ":" + std::to_string(line_of(text, begin)) + ": reads " +
              text.substr(begin, at + 4 - begin) + ", the SQL of another migration",
          "let it read " + entry.name.stem + ".sql");
    }
  }

  void take_header(std::string_view sql, int first_line, Entry const& entry, Migration& file, bool whole) {
    Header header = read_header(sql);
    if (whole && !header.has_statement)
      add(ProblemKind::empty_file, entry.migration, entry.file + ": holds no statement",
          "write it, or delete it: an empty file would be recorded as applied");
    for (Header::Mistake& mistake : header.mistakes)
      bad_header(entry, first_line - 1 + mistake.line, mistake.message, std::move(mistake.hint));
    file.seed = file.seed || header.seed;
    file.no_transaction = file.no_transaction || header.no_transaction;
    file.fills.insert(file.fills.end(), header.fills.begin(), header.fills.end());
    file.overwrite = file.overwrite || header.overwrite;
    if (!header.profile.empty()) file.profile = header.profile;
    file.secrets.insert(file.secrets.end(), header.secrets.begin(), header.secrets.end());
    bool const for_seeds = header.overwrite || !header.profile.empty() || !header.secrets.empty();
    if (for_seeds && !file.seed)
      bad_header(entry, first_line, "overwrite, profile and secrets are for seeds",
                 "say `-- tenantsh: seed` as well");
  }

  void bad_header(Entry const& entry, int line, std::string const& message, std::string hint) {
    add(ProblemKind::bad_header, entry.migration, entry.file + ":" + std::to_string(line) + ": " + message,
        std::move(hint));
  }

  Path const& folder_;
  Scope scope_;
  Path const& leave_out_;
  fleet::Driver const& driver_;
  std::map<std::string, Group> groups_;
  std::vector<Entry> misfits_;
  bool scoped_ = false;                                        // a file has PLATFORM or TENANT sections
  std::vector<std::pair<std::string, std::string>> unscoped_;  // files that have none, what to do
  SetContents contents_;
};

}  // namespace

std::vector<Path> folder_entries(Path const& folder) {
  std::vector<Path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error))
    if (entry->path().filename().string().front() != '.') paths.push_back(entry->path());
  if (error)
    throw fleet::Error{fleet::ErrorKind::io, folder.string() + " cannot be listed: " + error.message()};
  std::sort(paths.begin(), paths.end());
  return paths;
}

SetContents read_set(Path const& folder, Scope scope, Path const& leave_out, fleet::Driver const& driver) {
  return SetReader{folder, scope, leave_out, driver}.read();
}

}  // namespace migrations
