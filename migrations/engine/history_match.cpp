#include "migrations/engine/history_match.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "fleet/error.hpp"

namespace migrations {

namespace {

std::string without_extension(std::string_view name) {
  std::size_t const dot = name.rfind('.');
  return std::string{dot == name.npos || dot == 0 ? name : name.substr(0, dot)};
}

bool is_edited(HistoryRow const& row, Migration const& file, HistoryTool tool, fleet::Driver const& driver) {
  if (row.checksum.empty()) return false;
  if (tool == HistoryTool::prisma) return driver.sha256_file(file.path.string()) != row.checksum;
  if (tool == HistoryTool::flyway)
    return std::to_string(flyway_checksum(read_bytes(file.path))) != row.checksum;
  return false;
}

class Matcher {
 public:
  Matcher(History const& history, MigrationSet const& set, fleet::Driver const& driver)
      : history_(history), driver_(driver), found_(history.rows.size(), false) {
    for (std::size_t i = 0; i < history_.rows.size(); ++i) {
      HistoryRow const& row = history_.rows[i];
      if (row.state == HistoryRow::State::baseline) continue;
      if (!row.version.empty()) by_version_[parse_version(row.version)] = i;
      if (row.name.empty()) continue;
      by_name_[row.name] = i;
      by_stem_[without_extension(row.name)] = i;
    }
    for (Migration const& file : set.files()) files_.push_back(of(file));
    for (std::size_t i = 0; i < history_.rows.size(); ++i)
      if (!found_[i] && history_.rows[i].state != HistoryRow::State::baseline && !archived(set, i))
        files_.push_back(missing(history_.rows[i]));
  }
  std::vector<HistoryFile> take() { return std::move(files_); }

 private:
  HistoryTool tool() const { return history_.place.tool; }

  HistoryFile of(Migration const& file) {
    HistoryFile one{.name = file.name, .file = &file};
    std::optional<std::size_t> const row = row_of(file);
    if (!row) return covered(std::move(one));
    HistoryRow const& said = history_.rows[*row];
    one.applied_at = said.applied_at;
    one.batch = said.batch;
    one.state = HistoryFile::State::applied;
    if (said.state == HistoryRow::State::failed) {
      one.state = HistoryFile::State::failed;
      one.says = said.says;
    } else if (is_edited(said, file, tool(), driver_)) {
      one.state = file.repeatable ? HistoryFile::State::pending : HistoryFile::State::edited;
      one.says = "its checksum is another one than " + std::string{to_string(tool())} + " recorded";
    }
    return one;
  }

  // A file without a row of its own: below a baseline, or below the one version that golang-migrate keeps.
  HistoryFile covered(HistoryFile one) const {
    if (!keeps_versions(tool()) || one.file->version.empty()) return one;
    for (HistoryRow const& row : history_.rows) {
      bool const covers = row.state == HistoryRow::State::baseline || tool() == HistoryTool::golang_migrate;
      if (!covers || comparable(one.file->version) > parse_version(row.version)) continue;
      one.state = HistoryFile::State::applied;
      one.applied_at = row.applied_at;
      if (row.state == HistoryRow::State::baseline) one.says = "below the baseline " + row.version;
    }
    return one;
  }

  // By version, or by name; Flyway's repeatable files have no version. A program that is compiled goes by two
  // names: x.ts in the history, x.js in the folder.
  std::optional<std::size_t> row_of(Migration const& file) {
    std::optional<std::size_t> row;
    std::string const name = history_name(tool(), file);
    if (keeps_versions(tool()) && !file.repeatable) {
      if (auto const found = by_version_.find(comparable(file.version)); found != by_version_.end())
        row = found->second;
    } else if (auto const found = by_name_.find(name); found != by_name_.end()) {
      row = found->second;
    } else if (auto const close = by_stem_.find(without_extension(name));
               close != by_stem_.end() && !keeps_versions(tool())) {
      row = close->second;
    }
    if (row) found_[*row] = true;
    return row;
  }

  bool archived(MigrationSet const& set, std::size_t i) const {
    HistoryRow const& row = history_.rows[i];
    return std::any_of(set.archived().begin(), set.archived().end(), [&](std::string const& name) {
      return row.version.empty() ? name == row.name || without_extension(name) == without_extension(row.name)
                                 : comparable(version_of(name)) == parse_version(row.version);
    });
  }

  static HistoryFile missing(HistoryRow const& row) {
    HistoryFile one{.name = row.label(), .applied_at = row.applied_at, .batch = row.batch};
    one.state =
        row.state == HistoryRow::State::failed ? HistoryFile::State::failed : HistoryFile::State::missing;
    one.says = row.says.empty() ? "no file of the set has this name" : row.says;
    return one;
  }

  History const& history_;
  fleet::Driver const& driver_;
  std::map<Version, std::size_t> by_version_;             // of the rows
  std::map<std::string, std::size_t> by_name_, by_stem_;  // likewise
  std::vector<bool> found_;
  std::vector<HistoryFile> files_;
};

// What two tools may both say of one migration.
std::map<std::string, std::string> keys_of(History const& history) {
  std::map<std::string, std::string> keys;
  for (HistoryRow const& row : history.rows) {
    if (row.state != HistoryRow::State::applied) continue;
    Version const version =
        row.version.empty() ? comparable(version_of(row.name)) : parse_version(row.version);
    keys[version.empty() ? without_extension(row.name) : version.text()] = row.label();
  }
  return keys;
}

}  // namespace

std::string_view to_string(HistoryFile::State state) {
  switch (state) {
    case HistoryFile::State::applied: return "applied";
    case HistoryFile::State::pending: return "pending";
    case HistoryFile::State::edited: return "edited";
    case HistoryFile::State::missing: return "missing";
    case HistoryFile::State::failed: return "failed";
  }
  return "";
}

bool keeps_versions(HistoryTool tool) {
  return tool == HistoryTool::flyway || tool == HistoryTool::dbmate || tool == HistoryTool::rails ||
         tool == HistoryTool::golang_migrate || tool == HistoryTool::goose;
}

bool is_of_tool(HistoryTool tool, Migration const& file) {
  switch (tool) {
    case HistoryTool::knex:
    case HistoryTool::sequelize:
    case HistoryTool::sequelize_seeds: return file.language == Language::program || !file.wrapper.empty();
    case HistoryTool::prisma: return file.path.filename() == "migration.sql";
    case HistoryTool::flyway: return file.repeatable || file.name.starts_with("V");
    default: return true;
  }
}

Version comparable(Version version) {
  while (version.parts.size() > 1 && version.parts.back() == 0) version.parts.pop_back();
  return version;
}

Version parse_version(std::string_view text) {
  Version version;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t const end = std::min(text.find_first_of("._", at), text.size());
    std::int64_t part = 0;
    auto const [rest, error] = std::from_chars(text.data() + at, text.data() + end, part);
    if (error != std::errc{} || rest != text.data() + end) return {};
    version.parts.push_back(part);
    at = end + 1;
  }
  return comparable(std::move(version));
}

std::string history_name(HistoryTool tool, Migration const& file) {
  if (tool == HistoryTool::node_pg_migrate) return without_extension(file.name);
  // As the file spells it: "0001" and "1" are two versions to dbmate and Rails.
  if (tool != HistoryTool::flyway && keeps_versions(tool))
    return file.name.substr(0, file.name.find_first_not_of("0123456789"));
  // These tools run the program around the SQL.
  return file.wrapper.empty() ? file.name : file.wrapper.filename().string();
}

std::vector<HistoryFile> match(History const& history, MigrationSet const& set, fleet::Driver const& driver) {
  return Matcher{history, set, driver}.take();
}

std::vector<std::string> contradictions(std::vector<History> const& histories) {
  std::vector<std::string> found;
  for (History const& one : histories) {
    for (History const& other : histories) {
      if (&one == &other || one.place.tool == HistoryTool::sequelize_seeds ||
          other.place.tool == HistoryTool::sequelize_seeds)
        continue;
      auto const mine = keys_of(one), theirs = keys_of(other);
      bool const common =
          std::any_of(mine.begin(), mine.end(), [&](auto const& key) { return theirs.contains(key.first); });
      // golang-migrate keeps the last version only: what it lacks says nothing.
      if (!common || other.place.tool == HistoryTool::golang_migrate) continue;
      for (auto const& [key, name] : mine)
        if (!theirs.contains(key))
          found.push_back(name + " is in " + one.place.text() + " and not in " + other.place.text());
    }
  }
  return found;
}

std::int32_t flyway_checksum(std::string_view bytes) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (bytes.starts_with(mark)) bytes.remove_prefix(mark.size());
  uLong sum = ::crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t const end = std::min(bytes.find_first_of("\r\n", at), bytes.size());
    sum = ::crc32(sum, reinterpret_cast<Bytef const*>(bytes.data() + at), static_cast<uInt>(end - at));
    at = end + 1;
  }
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
}

std::string flyway_description(std::string_view name) {
  std::size_t const start = name.find("__");
  std::string text = without_extension(start == name.npos ? name : name.substr(start + 2));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string read_bytes(std::filesystem::path const& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  if (!(in && (in.peek() == std::ifstream::traits_type::eof() || text << in.rdbuf())))
    throw fleet::Error{fleet::ErrorKind::io, "cannot read " + path.string()};
  return text.str();
}

}  // namespace migrations
