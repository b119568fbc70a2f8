#include "migrations/engine/migration_set.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "migrations/engine/file_check.hpp"
#include "migrations/engine/header.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

constexpr std::string_view suffix = ".sql";
constexpr std::size_t longest_number = 18;  // fits in 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "Add Table.sql" → "061_add_table.sql"
std::string right_form(std::string_view name, std::int64_t number) {
  std::string stem;
  for (char c : name.substr(0, name.size() - suffix.size())) {
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
  return digits + "_" + stem + std::string{suffix};
}

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

// The *.sql files of a folder by name, hidden ones left out.
std::vector<std::filesystem::path> sql_files(std::filesystem::path const& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    std::string const name = entry->path().filename().string();
    if (name.front() != '.' && entry->path().extension() == suffix && !entry->is_directory(error))
      paths.push_back(entry->path());
  }
  if (error)
    throw fleet::Error{fleet::ErrorKind::io, folder.string() + " cannot be listed: " + error.message()};
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::string_view to_string(Scope scope) { return scope == Scope::master ? "master" : "tenant"; }

std::int64_t number_of(std::string_view name) {
  std::size_t digits = 0;
  while (digits < name.size() && is_digit(name[digits])) ++digits;
  if (digits == 0 || digits > longest_number || name.size() <= digits + 1 + suffix.size()) return -1;
  if (name[digits] != '_' || name.substr(name.size() - suffix.size()) != suffix) return -1;
  std::string_view const stem = name.substr(digits + 1, name.size() - digits - 1 - suffix.size());
  bool const plain = std::all_of(stem.begin(), stem.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
  return plain ? std::stoll(std::string{name.substr(0, digits)}) : -1;
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
  MigrationSet set;
  set.folder_ = folder;
  set.scope_ = scope;
  if (std::filesystem::is_directory(folder / "archive", error))
    for (auto const& path : sql_files(folder / "archive")) set.archived_.push_back(path.filename().string());
  std::vector<std::filesystem::path> misfits;
  for (auto const& path : sql_files(folder)) {
    if (number_of(path.filename().string()) < 0)
      misfits.push_back(path);
    else
      set.take(path, driver);
  }
  std::sort(set.files_.begin(), set.files_.end(), [](Migration const& a, Migration const& b) {
    return std::tie(a.number, a.name) < std::tie(b.number, b.name);
  });
  set.checked_->files.resize(set.files_.size());
  for (auto const& path : misfits) {
    std::string const name = path.filename().string();
    set.problems_.push_back({ProblemKind::bad_name, name, name + ": the name is not of the form NNN_name.sql",
                             "rename it, for example to " + right_form(name, set.next_number())});
  }
  set.find_duplicates();
  return set;
}

void MigrationSet::take(std::filesystem::path const& path, fleet::Driver const& driver) {
  Migration file;
  file.name = path.filename().string();
  file.number = number_of(file.name);
  file.path = path;
  file.scope = scope_;
  auto problem = [&](ProblemKind kind, std::string const& message, std::string hint) {
    problems_.push_back({kind, file.name, file.name + message, std::move(hint)});
  };
  std::ifstream stream{path, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
  if (!stream.is_open() || stream.bad()) {
    problem(ProblemKind::unreadable, " cannot be read", "check the permissions of " + path.string());
  } else if (bytes.find('\0') != std::string::npos || !is_utf8(bytes)) {
    problem(ProblemKind::not_utf8, ": not UTF-8 text", "save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)");
    bytes.clear();
  } else {
    file.sql = normalised(std::move(bytes));
    Header header = read_header(file.sql);
    if (!header.has_statement)
      problem(ProblemKind::empty_file, ": holds no statement",
              "write it, or delete it: an empty file would be recorded as applied");
    for (Header::Mistake& mistake : header.mistakes)
      problem(ProblemKind::bad_header, ":" + std::to_string(mistake.line) + ": " + mistake.message,
              std::move(mistake.hint));
    file.seed = header.seed;
    file.no_transaction = header.no_transaction;
    file.fills = std::move(header.fills);
    uses_schema_name_ = uses_schema_name_ || file.sql.find(schema_placeholder) != std::string::npos;
  }
  file.sha256 = driver.sha256(file.sql);
  files_.push_back(std::move(file));
}

void MigrationSet::find_duplicates() {
  std::map<std::int64_t, std::vector<std::string>> names;
  for (std::string const& name : archived_)
    if (std::int64_t const number = number_of(name); number >= 0) names[number].push_back("archive/" + name);
  for (auto& [number, old] : names) old.resize(1);  // history may repeat a number; a new file may not
  for (Migration const& file : files_) {
    auto& taken = names[file.number];
    if (!taken.empty())
      problems_.push_back({ProblemKind::duplicate_number, file.name,
                           file.name + ": has the same number as " + taken.back(),
                           "give the newer one the number " + std::to_string(next_number())});
    taken.push_back(file.name);
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
    bool const same = file.name == pattern || file.name == pattern + std::string{suffix} ||
                      (number && file.number == std::stoll(pattern)) ||
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
  std::int64_t highest = files_.empty() ? 0 : files_.back().number;
  for (std::string const& name : archived_) highest = std::max(highest, number_of(name));
  return highest + 1;
}

}  // namespace migrations
