#include <algorithm>
#include <map>
#include <system_error>
#include <tuple>

#include "fleet/error.hpp"
#include "migrations/engine/renumber.hpp"
#include "migrations/engine/set_reader.hpp"

namespace migrations {

namespace {

using Path = std::filesystem::path;

bool is_prisma(Path const& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path / "migration.sql", error);
}

std::optional<FileName> parse(Path const& path) {
  std::string const name = path.filename().string();
  return is_prisma(path) ? parse_folder_name(name) : parse_file_name(name);
}

// How many numbers that are not archived there are up to `number`.
std::int64_t rank(std::int64_t number, std::set<std::int64_t> const& archived) {
  return number - std::distance(archived.begin(), archived.upper_bound(number));
}

std::int64_t number_of(NumberedStem const& stem) { return stem.version.parts.front(); }

std::int64_t next_free(std::int64_t after, std::set<std::int64_t> const& archived) {
  do ++after;
  while (archived.count(after) > 0);
  return after;
}

// "010_x" with another number of at least as many digits: "011_x"; V and U stay.
std::string with_number(std::string const& stem, std::int64_t number) {
  std::size_t const begin = stem.find_first_of("0123456789");
  std::size_t const end = std::min(stem.find_first_not_of("0123456789", begin), stem.size());
  std::string digits = std::to_string(number);
  if (digits.size() < end - begin) digits.insert(0, end - begin - digits.size(), '0');
  return stem.substr(0, begin) + digits + stem.substr(end);
}

// Which of `files` may keep their numbers: the heaviest selection in which between any two there is room for
// what stands between them, that is, rank − position never falls.
std::vector<bool> keepers(std::vector<NumberedStem const*> const& files,
                          std::set<std::int64_t> const& archived) {
  std::size_t const count = files.size();
  std::vector<std::int64_t> room(count);
  std::vector<double> best(count);
  std::vector<std::ptrdiff_t> before(count, -1);
  // Nothing gets a number below the first one.
  std::int64_t const least = count == 0 ? 0 : rank(number_of(*files[0]) - 1, archived) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    room[i] = rank(number_of(*files[i]), archived) - static_cast<std::int64_t>(i);
    bool const possible = room[i] >= least && archived.count(number_of(*files[i])) == 0;
    best[i] = possible ? 1 + 1e-6 * static_cast<double>(files[i]->applied) : -1;
    if (!possible) continue;
    double const own = best[i];
    for (std::size_t j = 0; j < i; ++j)
      if (best[j] > 0 && room[j] <= room[i] && best[j] + own > best[i]) {
        best[i] = best[j] + own;
        before[i] = static_cast<std::ptrdiff_t>(j);
      }
  }
  std::vector<bool> kept(count, false);
  auto last = std::max_element(best.begin(), best.end()) - best.begin();
  while (count > 0 && last >= 0 && best[static_cast<std::size_t>(last)] > 0) {
    kept[static_cast<std::size_t>(last)] = true;
    last = before[static_cast<std::size_t>(last)];
  }
  return kept;
}

void refuse_what_no_number_solves(std::vector<NumberedStem const*> const& files) {
  for (std::size_t i = 1; i < files.size(); ++i) {
    NumberedStem const &a = *files[i - 1], &b = *files[i];
    if (a.version != b.version) continue;
    if (a.version.parts.size() != 1)
      throw fleet::Error{fleet::ErrorKind::refused, a.stem + " and " + b.stem + " have the same version"}
          .with_hint("versions of several parts are not renumbered: rename one of the two by hand");
  }
}

}  // namespace

NumberedFolder read_numbers(Path const& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw fleet::Error{fleet::ErrorKind::not_found, "there is no folder " + folder.string()}.with_hint(
        "a migration set is a folder of files like 001_extensions.sql");
  std::map<std::string, NumberedStem> stems;
  for (char const* below : {"", "sqls", "sql"}) {
    Path const place = *below == '\0' ? folder : folder / below;
    if (!std::filesystem::is_directory(place, error)) continue;
    for (Path const& path : folder_entries(place)) {
      auto const name = parse(path);
      if (!name || name->repeatable) continue;
      NumberedStem& stem = stems[name->stem];
      stem.stem = name->stem;
      stem.version = name->version;
      stem.files.push_back(Path{below} / path.filename());
    }
  }
  NumberedFolder numbers;
  for (auto& [key, stem] : stems) numbers.stems.push_back(std::move(stem));
  std::sort(numbers.stems.begin(), numbers.stems.end(), [](NumberedStem const& a, NumberedStem const& b) {
    return std::tie(a.version, a.stem) < std::tie(b.version, b.stem);
  });
  if (std::filesystem::is_directory(folder / "archive", error))
    for (Path const& path : folder_entries(folder / "archive"))
      if (auto const name = parse(path); name && name->version.parts.size() == 1)
        numbers.archived.insert(name->version.parts[0]);
  return numbers;
}

std::vector<Renumbering> plan_renumbering(NumberedFolder const& folder, Gaps gaps) {
  std::vector<NumberedStem const*> all;
  for (NumberedStem const& stem : folder.stems) all.push_back(&stem);
  refuse_what_no_number_solves(all);
  std::vector<NumberedStem const*> files;
  for (NumberedStem const* stem : all)
    if (stem->version.parts.size() == 1) files.push_back(stem);
  if (files.empty()) return {};
  // Of one number the one that more targets have is first.
  std::stable_sort(files.begin(), files.end(), [](NumberedStem const* a, NumberedStem const* b) {
    return std::tuple{a->version, b->applied} < std::tuple{b->version, a->applied};
  });
  std::int64_t highest = number_of(*files.back());
  if (!folder.archived.empty()) highest = std::max(highest, *folder.archived.rbegin());
  // What goes to the end: a second one of its number that no target has, while a later file is applied
  // somewhere.
  std::vector<NumberedStem const*> placed, late;
  for (std::size_t i = 0; i < files.size(); ++i) {
    bool const second = (i > 0 && files[i - 1]->version == files[i]->version) ||
                        folder.archived.count(number_of(*files[i])) > 0;
    bool const behind = std::any_of(files.begin() + static_cast<std::ptrdiff_t>(i) + 1, files.end(),
                                    [](NumberedStem const* later) { return later->applied > 0; });
    bool const to_the_end = gaps == Gaps::keep && second && files[i]->applied == 0 && behind;
    (to_the_end ? late : placed).push_back(files[i]);
  }
  std::map<std::string, std::pair<std::int64_t, std::string>> given;
  auto give = [&](NumberedStem const& stem, std::int64_t number, std::string why) {
    if (number != number_of(stem)) given[stem.stem] = {number, std::move(why)};
  };
  if (gaps == Gaps::close) {
    std::int64_t number = number_of(*placed.front()) - 1;
    for (std::size_t i = 0; i < placed.size(); ++i) {
      std::int64_t const old = number_of(*placed[i]);
      if (old > 1'000'000)
        throw fleet::Error{fleet::ErrorKind::usage, placed[i]->stem + ": timestamps have no gaps to close"};
      number = next_free(number, folder.archived);
      give(*placed[i], number, number < old ? "closes a gap" : "makes room");
    }
    highest = std::max(highest, number);
  } else {
    std::vector<bool> const kept = keepers(placed, folder.archived);
    std::int64_t before = number_of(*placed.front()) - 1;
    for (std::size_t i = 0; i < placed.size(); ++i) {
      std::int64_t const old = number_of(*placed[i]);
      bool const twice = (i > 0 && placed[i - 1]->version == placed[i]->version) ||
                         (i + 1 < placed.size() && placed[i + 1]->version == placed[i]->version);
      std::int64_t number = old;
      if (!kept[i]) {
        number = next_free(before, folder.archived);
        std::int64_t limit = -1;  // the next one that keeps its number
        std::int64_t between = 0;
        for (std::size_t j = i + 1; j < placed.size() && limit < 0; ++j) {
          if (kept[j])
            limit = number_of(*placed[j]);
          else
            ++between;
        }
        // As near to its old number as leaves room for those that follow.
        auto const fits = [&](std::int64_t candidate) {
          return folder.archived.count(candidate) == 0 &&
                 (limit < 0 || rank(limit, folder.archived) - rank(candidate, folder.archived) > between);
        };
        std::int64_t near = limit < 0 ? old : std::min(old, limit - 1 - between);
        while (near > number && !fits(near)) --near;
        number = std::max(number, near);
      }
      give(*placed[i], number, twice ? "shares its number" : "makes room");
      before = number;
      highest = std::max(highest, number);
    }
  }
  for (NumberedStem const* stem : late) {
    highest = next_free(highest, folder.archived);
    give(*stem, highest, "shares its number, is applied nowhere");
  }
  std::vector<Renumbering> renames;
  for (NumberedStem const* stem : files) {
    auto const found = given.find(stem->stem);
    if (found == given.end()) continue;
    std::string const to = with_number(stem->stem, found->second.first);
    renames.push_back({stem->stem, to, found->second.second});
  }
  return renames;
}

}  // namespace migrations
