#include "migrations/engine/migration_set.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "migrations/engine/file_check.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/set_reader.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

constexpr std::string_view suffix = ".sql";
constexpr std::size_t longest_number = 18;  // fits in 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view to_string(Scope scope) { return scope == Scope::master ? "master" : "tenant"; }

std::string Script::at(std::size_t offset) const {
  return file + ":" + std::to_string(first_line - 1 + line_of(sql, offset));
}

// What check() found, per file; a deque, for a once_flag stays where it is.
struct MigrationSet::Checked {
  struct File {
    std::once_flag once;
    std::vector<Problem> problems;
  };
  std::deque<File> files;
};

MigrationSet::MigrationSet() : checked_(std::make_shared<Checked>()) {}

MigrationSet MigrationSet::load(std::filesystem::path const& folder, Scope scope,
                                fleet::Driver const& driver) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw fleet::Error{fleet::ErrorKind::not_found, "there is no folder " + folder.string()}.with_hint(
        "a migration set is a folder of files like 001_extensions.sql");
  if (std::filesystem::exists(folder / ".renumber.json", error))
    throw fleet::Error{fleet::ErrorKind::refused, folder.string() + ": a renumbering was not finished"}
        .with_hint("finish it: tenantsh migrate renumber --set " + folder.string());
  MigrationSet set;
  set.folder_ = folder;
  set.scope_ = scope;
  set.settings_ = read_set_settings(folder);
  SetContents contents = read_set(folder, scope, set.settings_.baseline, driver);
  set.files_ = std::move(contents.files);
  set.archived_ = std::move(contents.archived);
  set.problems_ = std::move(contents.problems);
  set.checked_->files.resize(set.files_.size());
  auto const placed = [](std::string const& sql) {
    return sql.find(schema_placeholder) != std::string::npos;
  };
  set.uses_schema_name_ = std::any_of(set.files_.begin(), set.files_.end(), [&](Migration const& file) {
    return placed(file.sql) || (file.down && placed(file.down->sql));
  });
  set.find_duplicates();
  if (set.settings_.gaps_refused) set.find_gaps();
  return set;
}

void MigrationSet::find_duplicates() {
  std::map<Version, std::vector<std::string>> names;
  for (std::string const& name : archived_)
    if (Version const version = version_of(name); !version.empty())
      names[version].push_back("archive/" + name);
  for (auto& [version, old] : names) old.resize(1);  // history may repeat a number; a new file may not
  for (Migration const& file : files_) {
    if (file.repeatable) continue;
    auto& taken = names[file.version];
    if (!taken.empty())
      problems_.push_back(
          {ProblemKind::duplicate_number, file.name, file.name + ": has the same number as " + taken.back(),
           "give the newer one the number " + std::to_string(next_number()) + ": tenantsh migrate renumber"});
    taken.push_back(file.name);
  }
}

// Only plain numbers follow one another; timestamps and versions of several parts do not.
void MigrationSet::find_gaps() {
  std::map<std::int64_t, std::string> names;
  auto add = [&](Version const& version, std::string const& name) {
    if (version.parts.size() == 1 && version.parts[0] < 1'000'000) names.emplace(version.parts[0], name);
  };
  for (std::string const& name : archived_) add(version_of(name), name);
  for (Migration const& file : files_) add(file.version, file.name);
  std::int64_t before = -1;
  for (auto const& [number, name] : names) {
    if (before >= 0 && number > before + 1)
      problems_.push_back(
          {ProblemKind::gap, name,
           name + ": " +
               (number == before + 2 ? "number " + std::to_string(before + 1) + " is missing"
                                     : "numbers " + std::to_string(before + 1) + " to " +
                                           std::to_string(number - 1) + " are missing") +
               " before it",
           "bring the missing file back, or close the gap: tenantsh migrate renumber --gaps"});
    before = number;
  }
}

Migration const* MigrationSet::find(std::string_view name) const {
  auto found = std::find_if(files_.begin(), files_.end(), [&](Migration const& m) { return m.name == name; });
  return found == files_.end() ? nullptr : &*found;
}

bool MigrationSet::is_archived(std::string_view name) const {
  return std::find(archived_.begin(), archived_.end(), name) != archived_.end();
}

std::vector<Migration const*> MigrationSet::matching(std::string const& pattern) const {
  bool const number = !pattern.empty() && pattern.size() <= longest_number &&
                      std::all_of(pattern.begin(), pattern.end(), is_digit);
  std::vector<Migration const*> found;
  std::vector<std::string> names;
  for (Migration const& file : files_) {
    bool const same =
        file.name == pattern || file.name == pattern + std::string{suffix} || file.stem == pattern ||
        (!file.repeatable && file.version.text() == pattern) ||
        (number && file.version.parts.size() == 1 && file.version.parts[0] == std::stoll(pattern)) ||
        fleet::matches_glob(pattern, file.name);
    if (same) found.push_back(&file);
    names.push_back(file.name);
  }
  if (!found.empty()) return found;
  std::string const near = fleet::nearest(pattern, names);
  throw fleet::Error{fleet::ErrorKind::not_found, "no file \"" + pattern + "\" in " + folder_.string()}
      .with_hint(near.empty() ? "" : "did you mean " + near + "?");
}

std::vector<Migration const*> MigrationSet::matching(std::vector<std::string> const& patterns) const {
  if (patterns.empty()) throw fleet::Error{fleet::ErrorKind::usage, "no file is named"};
  std::set<Migration const*> chosen;
  for (std::string const& pattern : patterns)
    for (Migration const* file : matching(pattern)) chosen.insert(file);
  return {chosen.begin(), chosen.end()};  // addresses within files_ follow its order
}

std::vector<Problem> const& MigrationSet::check(Migration const& file) const {
  Checked::File& checked = checked_->files[static_cast<std::size_t>(&file - files_.data())];
  std::call_once(checked.once, [&] { checked.problems = check_file(file); });
  return checked.problems;
}

std::vector<Problem> MigrationSet::check() const {
  std::vector<Problem> all;
  for (Migration const& file : files_) {
    std::vector<Problem> const& found = check(file);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

std::int64_t MigrationSet::next_number() const {
  std::int64_t highest = 0;
  for (Migration const& file : files_)
    if (!file.repeatable) highest = std::max(highest, file.version.parts.front());
  for (std::string const& name : archived_)
    if (auto const parsed = parse_file_name(name); !parsed || !parsed->repeatable)
      if (Version const version = version_of(name); !version.empty())
        highest = std::max(highest, version.parts.front());
  return highest + 1;
}

}  // namespace migrations
