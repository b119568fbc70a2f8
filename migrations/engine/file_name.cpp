#include "migrations/engine/file_name.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

namespace migrations {

namespace {

constexpr std::size_t longest_number = 18;  // fits in 64 bits
constexpr std::array<std::string_view, 10> program_extensions{".js",  ".cjs", ".mjs", ".ts", ".cts",
                                                              ".mts", ".rb",  ".py",  ".go", ".php"};

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Takes the digits at the start of `text` off it; nothing when there are none or too many.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::size_t const digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > longest_number) return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

bool is_title(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::all_of(text.begin(), text.end(), [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '.' || byte >= 0x80;
  });
}

// 2026_2_49_1: four numbers, the first one a year.
bool parse_yearly(std::string_view stem, FileName& name) {
  Version version;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (stem.empty() || stem.front() != '_') return false;
      stem.remove_prefix(1);
    }
    std::size_t const before = stem.size();
    auto const number = take_number(stem);
    if (!number || (part == 0 && before - stem.size() != 4)) return false;
    version.parts.push_back(*number);
  }
  // 2024_01_15_120000_create_users: the same four, with a title.
  if (!stem.empty() && (stem.front() != '_' || !is_title(stem.substr(1)))) return false;
  name.version = std::move(version);
  name.title = stem.empty() ? "" : stem.substr(1);
  return true;
}

bool parse_numbered(std::string_view stem, FileName& name) {
  auto const number = take_number(stem);
  if (!number || stem.empty() || (stem.front() != '_' && stem.front() != '-')) return false;
  stem.remove_prefix(1);
  if (!is_title(stem)) return false;
  name.version.parts = {*number};
  name.title = stem;
  return true;
}

bool parse_flyway(std::string_view stem, FileName& name) {
  char const kind = stem.empty() ? '\0' : stem.front();
  if (kind != 'V' && kind != 'U' && kind != 'R') return false;
  std::size_t const separator = stem.find("__");
  if (separator == std::string_view::npos || !is_title(stem.substr(separator + 2))) return false;
  std::string_view version = stem.substr(1, separator - 1);
  name.title = stem.substr(separator + 2);
  if (kind == 'R') {
    if (!version.empty()) return false;
    name.repeatable = true;
    name.version.parts = {std::numeric_limits<std::int64_t>::max()};
    return true;
  }
  Version found;
  while (true) {
    auto const number = take_number(version);
    if (!number) return false;
    found.parts.push_back(*number);
    if (version.empty()) break;
    if (version.front() != '.' && version.front() != '_') return false;
    version.remove_prefix(1);
  }
  // Flyway reads 1.0 and 1 as the same version.
  while (found.parts.size() > 1 && found.parts.back() == 0) found.parts.pop_back();
  name.version = std::move(found);
  if (kind == 'U') {
    name.direction = Direction::down;
    name.stem = "V" + name.stem.substr(1);
  }
  return true;
}

}  // namespace

std::string Version::text() const {
  std::string text;
  for (std::int64_t part : parts) text += (text.empty() ? "" : "_") + std::to_string(part);
  return text;
}

bool is_program(std::string_view name) {
  return !ends_with(name, ".d.ts") && std::any_of(program_extensions.begin(), program_extensions.end(),
                                                  [&](std::string_view end) { return ends_with(name, end); });
}

std::optional<FileName> parse_file_name(std::string_view name) {
  FileName parsed;
  if (is_program(name))
    parsed.language = Language::program;
  else if (!ends_with(name, ".sql"))
    return std::nullopt;
  std::string_view stem = name.substr(0, name.rfind('.'));
  for (std::string_view way : {".up", "-up", ".down", "-down"}) {
    if (!ends_with(stem, way)) continue;
    stem.remove_suffix(way.size());
    if (way.substr(1) == "down") parsed.direction = Direction::down;
    break;
  }
  parsed.stem = stem;
  if (parse_yearly(stem, parsed) || parse_numbered(stem, parsed) || parse_flyway(stem, parsed)) return parsed;
  return std::nullopt;
}

std::optional<FileName> parse_folder_name(std::string_view name) {
  FileName parsed;
  parsed.stem = name;
  if (parse_numbered(name, parsed)) return parsed;
  return std::nullopt;
}

Version version_of(std::string_view name) {
  auto parsed = parse_file_name(name);
  if (!parsed) parsed = parse_folder_name(name);
  return parsed ? parsed->version : Version{};
}

}  // namespace migrations
