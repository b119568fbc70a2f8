#include "fleet/backup_archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "fleet/backup_files.hpp"
#include "fleet/error.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view copy_begin = "COPY ";
constexpr std::string_view copy_from = " FROM stdin;";

// Takes one identifier, quoted or not, off the front of `text`.
std::string take_identifier(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    auto const end = std::min(text.find_first_of(". ("), text.size());
    name = text.substr(0, end);
    text.remove_prefix(end);
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

// pg_restore --list shows names with line breaks as blanks.
std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

// The entries of one kind: dump id by "SCHEMA NAME OWNER". Neither part is quoted, so that only a prefix can
// be looked up.
using Entries = std::map<std::string, int>;

struct Listing {
  Entries tables, data;
};

// "3456; 0 16402 TABLE DATA identity organization acme_owner"; comments begin with ';'.
Listing parse_listing(std::string const& text) {
  Listing listing;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    auto const semicolon = line.find(';');
    if (semicolon == 0 || semicolon == std::string::npos) continue;
    auto const kind = line.find(" TABLE ", semicolon);
    if (kind == std::string::npos || line.find_first_not_of("0123456789 ", semicolon + 1) != kind + 1)
      continue;
    std::string rest = line.substr(kind + 7);
    int const id = std::atoi(line.c_str());
    if (rest.starts_with("DATA ")) listing.data.emplace(rest.substr(5), id);
    listing.tables.emplace(std::move(rest), id);
  }
  return listing;
}

std::optional<int> find_entry(Entries const& entries, DumpedTable const& table) {
  std::string const prefix = on_one_line(table.schema + " " + table.name + " ");
  auto const found = entries.lower_bound(prefix);
  return found != entries.end() && found->first.starts_with(prefix) ? std::optional{found->second}
                                                                    : std::nullopt;
}

CommandResult run_pg_restore(ArchiveTools const& tools, std::vector<std::string> options,
                             fs::path const& archive, std::function<void(std::string_view)> sink = {}) {
  Command command{.argv = {tools.pg_restore.string()}, .without = {"PG*"}, .sink = std::move(sink)};
  for (std::string& option : options) command.argv.push_back(std::move(option));
  command.argv.push_back(archive.string());
  return run(command, [&] { return tools.stop.stop_requested(); });
}

std::string failure(CommandResult const& result) {
  std::istringstream lines{result.errors};
  std::string first;
  std::getline(lines, first);
  return first.empty() ? fmt::format("pg_restore: exit status {}", result.exit_code) : first;
}

// The last block of data ends with the length of a next one that is zero: a sign and four bytes
// (pg_backup_custom.c: _EndData). What was cut off ends otherwise.
constexpr std::size_t end_mark = 5;
constexpr char const* cut_off = "the archive does not end where its data ends: it was cut off";

bool ends_with_end_mark(fs::path const& archive) {
  std::ifstream file{archive, std::ios::binary};
  file.seekg(-static_cast<std::streamoff>(end_mark), std::ios::end);
  std::array<char, end_mark> bytes{};
  return file.read(bytes.data(), bytes.size()) &&
         std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

bool has_data_file(fs::path const& folder, int id) {
  std::error_code ignored;
  for (char const* suffix : {".dat.gz", ".dat", ".dat.zst", ".dat.lz4"})
    if (fs::exists(folder / (std::to_string(id) + suffix), ignored)) return true;
  return false;
}

}  // namespace

void CopyCounter::line(std::string_view text) {
  if (current_) {
    if (text == "\\.")
      current_ = nullptr;
    else
      ++*current_;
    return;
  }
  if (header_.empty() && !text.starts_with(copy_begin)) return;
  if (!header_.empty()) header_ += '\n';
  header_ += text;
  if (std::count(header_.begin(), header_.end(), '"') % 2 != 0) return;  // inside a name
  std::string_view name{header_};
  if (name.ends_with(copy_from)) {
    name.remove_prefix(copy_begin.size());
    std::string table = take_identifier(name);
    if (name.starts_with('.')) {
      name.remove_prefix(1);
      table += "." + take_identifier(name);
    }
    current_ = &rows_[table];
  }
  header_.clear();
}

void CopyCounter::read(std::string_view piece) {
  constexpr std::size_t longer_than_end_mark = 3;
  while (!piece.empty()) {
    auto const end = piece.find('\n');
    auto const part = piece.substr(0, end);
    if (end != piece.npos && rest_.empty()) {
      line(part);
    } else {
      rest_ += current_ && rest_.size() < longer_than_end_mark ? part.substr(0, longer_than_end_mark)
               : current_                                      ? std::string_view{}
                                                               : part;
      if (end == piece.npos) return;
      line(rest_);
      rest_.clear();
    }
    piece.remove_prefix(end + 1);
  }
}

namespace {

// `archive`: the folder of a directory format, to look for files in it.
std::vector<std::string> compare_listing(Listing const& listing, Manifest const& manifest,
                                         fs::path const* archive) {
  std::vector<std::string> problems;
  for (DumpedTable const& table : manifest.tables) {
    if (manifest.mode != DumpMode::data_only && !find_entry(listing.tables, table))
      problems.push_back("table " + table.full_name() + " is not in the archive");
    auto const data = find_entry(listing.data, table);
    if (table.rows && !data)
      problems.push_back("the rows of " + table.full_name() + " are not in the archive");
    if (!table.rows && data)
      problems.push_back("the rows of " + table.full_name() + " are in the archive, though they should not");
    if (data && archive != nullptr && !has_data_file(*archive, *data))
      problems.push_back("the file with the rows of " + table.full_name() + " is missing");
  }
  return problems;
}

std::vector<std::string> compare_counts(std::map<std::string, std::int64_t> const& found,
                                        Manifest const& manifest) {
  std::vector<std::string> problems;
  for (DumpedTable const& table : manifest.tables) {
    if (!table.rows) continue;
    auto const rows = found.find(table.full_name());
    if (rows == found.end())
      problems.push_back("the rows of " + table.full_name() + " are not in the archive");
    else if (rows->second != *table.rows)
      problems.push_back(fmt::format("{} has {} rows in the archive, {} in the manifest", table.full_name(),
                                     rows->second, *table.rows));
  }
  return problems;
}

}  // namespace

std::vector<std::string> listing_problems(fs::path const& archive, Manifest const& manifest,
                                          ArchiveTools const& tools) {
  CommandResult const result = run_pg_restore(tools, {"--list"}, archive);
  if (result.exit_code != 0) return {failure(result)};
  Listing const listing = parse_listing(result.output);
  bool const folder = manifest.format == DumpFormat::directory;
  std::vector<std::string> problems = compare_listing(listing, manifest, folder ? &archive : nullptr);
  if (!folder && !listing.data.empty() && !ends_with_end_mark(archive)) problems.push_back(cut_off);
  return problems;
}

std::vector<std::string> count_problems(fs::path const& archive, Manifest const& manifest,
                                        ArchiveTools const& tools) {
  CopyCounter counter;
  CommandResult const result = run_pg_restore(tools, {"--data-only", "--file=-"}, archive,
                                              [&](std::string_view piece) { counter.read(piece); });
  if (result.exit_code != 0) return {failure(result)};
  return compare_counts(counter.rows(), manifest);
}

PassingArchive::PassingArchive(ArchiveTools const& tools, Listing listing, Counts counts) {
  auto const fed = [&](std::vector<std::string> options, std::function<void(std::string_view)> sink) {
    return std::make_unique<FedProgram>(
        [&](std::string const& from) {
          // Told the format: to find it out, pg_restore would read the beginning and open the archive again.
          Command command{.argv = {tools.pg_restore.string(), "--format=custom"},
                          .without = {"PG*"},
                          .sink = std::move(sink)};
          for (std::string& option : options) command.argv.push_back(std::move(option));
          command.argv.push_back(from);
          return command;
        },
        tools.stop);
  };
  if (listing == Listing::yes) list_ = fed({"--list"}, {});
  if (counts == Counts::yes)
    count_ = fed({"--data-only", "--file=-"}, [this](std::string_view piece) { counter_.read(piece); });
}

PassingArchive::~PassingArchive() = default;

void PassingArchive::write(std::string_view piece) {
  if (list_) list_->write(piece);
  if (count_) count_->write(piece);
  tail_ += piece.size() > end_mark ? piece.substr(piece.size() - end_mark) : piece;
  if (tail_.size() > end_mark) tail_.erase(0, tail_.size() - end_mark);
}

void PassingArchive::finish() {
  if (list_) listed_ = list_->finish();
  if (count_) read_ = count_->finish();
}

std::vector<std::string> PassingArchive::problems(Manifest const& manifest) const {
  std::vector<std::string> problems;
  auto const add = [&](std::vector<std::string> more) {
    for (std::string& problem : more) problems.push_back(std::move(problem));
  };
  if (listed_ && listed_->exit_code != 0) {
    add({failure(*listed_)});
  } else if (listed_) {
    auto const listing = parse_listing(listed_->output);
    add(compare_listing(listing, manifest, nullptr));
    if (!listing.data.empty() && tail_ != std::string(end_mark, '\0')) add({cut_off});
  }
  if (read_ && read_->exit_code != 0)
    add({failure(*read_)});
  else if (read_)
    add(compare_counts(counter_.rows(), manifest));
  return problems;
}

std::string archive_sha256(fs::path const& archive, Driver const& driver) {
  std::error_code error;
  if (!fs::is_directory(archive, error)) return driver.sha256_file(archive.string());
  std::string lines;
  for (fs::path const& file : archive_files(archive))
    lines += driver.sha256_file(file.string()) + "  " + file.filename().string() + "\n";
  return driver.sha256(lines);
}

}  // namespace fleet
