#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "fleet/error.hpp"
#include "migrations/engine/scaffold.hpp"

namespace migrations {

namespace {

using Layout = NamingScheme::Layout;

constexpr char const* no_transaction = "-- tenantsh: no-transaction\n";

// The text under the mark of its scope where the set's files have such marks.
std::string in_section(std::string const& text, NamingScheme const& scheme, Scope scope) {
  if (!scheme.scoped) return text;
  return std::string{"-- ===== "} + (scope == Scope::master ? "PLATFORM" : "TENANT") +
         " MIGRATIONS =====\n\n" + text;
}

std::string as_file(std::string const& text, bool without_transaction, NamingScheme const& scheme,
                    Scope scope) {
  return (without_transaction ? no_transaction : "") + in_section(text, scheme, scope);
}

std::string as_dbmate(Draft const& draft, NamingScheme const& scheme, Scope scope) {
  auto const mark = [](char const* way, bool without) {
    return std::string{"-- migrate:"} + way + (without ? " transaction:false" : "") + "\n";
  };
  return in_section(mark("up", draft.no_transaction) + draft.up + "\n" +
                        mark("down", draft.down_no_transaction) + draft.down,
                    scheme, scope);
}

std::string as_goose(Draft const& draft, NamingScheme const& scheme, Scope scope) {
  auto const section = [](char const* way, std::string const& text) {
    std::string const mark = std::string{"-- +goose "} + way + "\n";
    if (text.find("$$") == std::string::npos) return mark + text;  // goose itself cuts at semicolons
    return mark + "-- +goose StatementBegin\n" + text + "-- +goose StatementEnd\n";
  };
  return in_section((draft.no_transaction ? "-- +goose NO TRANSACTION\n" : "") + section("Up", draft.up) +
                        "\n" + section("Down", draft.down),
                    scheme, scope);
}

struct Names {
  std::filesystem::path up, down;  // an empty one: the way down stands in the same file
};

Names names_of(NamingScheme const& scheme, std::string const& stem) {
  std::string const way(1, scheme.way);
  switch (scheme.layout) {
    case Layout::beside: return {stem + ".sql", stem + way + "down.sql"};
    case Layout::pair: return {stem + way + "up.sql", stem + way + "down.sql"};
    case Layout::undo: return {stem + ".sql", "U" + stem.substr(1) + ".sql"};
    case Layout::dbmate:
    case Layout::goose: return {stem + ".sql", {}};
    case Layout::folder:
      return {std::filesystem::path{stem} / "migration.sql", std::filesystem::path{stem} / "down.sql"};
  }
  return {stem + ".sql", {}};
}

// Error{refused} when it is there, Error{io} when it cannot be made.
void write_new(std::filesystem::path const& path, std::string const& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wx");
  if (file == nullptr && errno == EEXIST)
    throw fleet::Error{fleet::ErrorKind::refused, path.string() + " is there already; nothing is overwritten"}
        .with_hint("somebody made one at the same moment? run again for the next number");
  if (file == nullptr)
    throw fleet::Error{fleet::ErrorKind::io, path.string() + " cannot be made: " + std::strerror(errno)};
  bool const written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written)
    throw fleet::Error{fleet::ErrorKind::io, path.string() + " cannot be written: " + std::strerror(errno)};
}

void add_names(std::filesystem::path const& folder, bool texts, std::vector<NamedText>& found) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    NamedText file{entry->path().filename().string(), {}, false};
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (!std::filesystem::is_regular_file(entry->path() / "migration.sql", ignored)) continue;
      file.folder = true;
    } else if (texts && entry->path().extension() == ".sql") {
      std::ifstream stream{entry->path(), std::ios::binary};
      file.text.assign(std::istreambuf_iterator<char>{stream}, {});
    }
    found.push_back(std::move(file));
  }
  if (error)
    throw fleet::Error{fleet::ErrorKind::io, folder.string() + " cannot be listed: " + error.message()};
}

}  // namespace

std::vector<NamedText> read_names(std::filesystem::path const& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw fleet::Error{fleet::ErrorKind::not_found, "there is no folder " + folder.string()}.with_hint(
        "mkdir -p " + folder.string());
  std::vector<NamedText> found;
  add_names(folder, true, found);
  return found;
}

std::vector<std::string> taken_names(std::filesystem::path const& folder) {
  std::vector<NamedText> found;
  add_names(folder, false, found);
  for (char const* below : {"archive", "sqls", "sql"}) {
    std::error_code error;
    if (std::filesystem::is_directory(folder / below, error)) add_names(folder / below, false, found);
  }
  std::vector<std::string> names;
  for (NamedText& file : found) names.push_back(std::move(file.name));
  return names;
}

std::vector<NewFile> lay_out(std::vector<Draft> const& drafts, NamingScheme const& scheme, Scope scope,
                             std::vector<std::string> const& names,
                             std::chrono::system_clock::time_point now) {
  std::vector<NewFile> files;
  int ahead = 0;
  for (Draft const& draft : drafts) {
    Names const paths =
        names_of(scheme, next_stem(scheme, names, title_of(draft.title, scheme), now, ahead++));
    if (scheme.layout == Layout::dbmate || scheme.layout == Layout::goose) {
      files.push_back({paths.up, scheme.layout == Layout::dbmate ? as_dbmate(draft, scheme, scope)
                                                                 : as_goose(draft, scheme, scope)});
      continue;
    }
    files.push_back({paths.up, as_file(draft.up, draft.no_transaction, scheme, scope)});
    if (!draft.down.empty())
      files.push_back({paths.down, as_file(draft.down, draft.down_no_transaction, scheme, scope)});
  }
  return files;
}

void write_new_files(std::filesystem::path const& folder, std::vector<NewFile> const& files) {
  std::vector<std::filesystem::path> made;
  try {
    for (NewFile const& file : files) {
      std::filesystem::path const path = folder / file.path;
      std::error_code error;
      if (file.path.has_parent_path() && std::filesystem::create_directory(path.parent_path(), error))
        made.push_back(path.parent_path());
      write_new(path, file.text);
      made.push_back(path);
    }
  } catch (fleet::Error const&) {
    std::error_code ignored;
    for (auto path = made.rbegin(); path != made.rend(); ++path) std::filesystem::remove(*path, ignored);
    throw;
  }
}

}  // namespace migrations
