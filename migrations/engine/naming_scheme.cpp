#include "migrations/engine/naming_scheme.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <ctime>
#include <map>
#include <optional>

#include "fleet/error.hpp"
#include "migrations/engine/file_name.hpp"

namespace migrations {

namespace {

using Numbers = NamingScheme::Numbers;
using Layout = NamingScheme::Layout;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::optional<FileName> parse(std::string_view name) {
  if (auto const file = parse_file_name(name)) return file;
  return parse_folder_name(name);
}

std::size_t leading_digits(std::string_view stem) {
  return std::min(stem.find_first_not_of("0123456789"), stem.size());
}

std::tm utc(std::chrono::system_clock::time_point at) {
  std::time_t const seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

std::int64_t timestamp(std::chrono::system_clock::time_point at) {
  std::tm const t = utc(at);
  std::int64_t number = t.tm_year + 1900;
  for (int part : {t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec}) number = number * 100 + part;
  return number;
}

// The next one as a time of the day would have it: 20260427235959 → 20260428000000.
std::int64_t next_timestamp(std::int64_t number) {
  std::tm t{};
  t.tm_sec = static_cast<int>(number % 100) + 1;
  t.tm_min = static_cast<int>(number / 100 % 100);
  t.tm_hour = static_cast<int>(number / 10'000 % 100);
  t.tm_mday = static_cast<int>(number / 1'000'000 % 100);
  t.tm_mon = static_cast<int>(number / 100'000'000 % 100) - 1;
  t.tm_year = static_cast<int>(number / 10'000'000'000) - 1900;
  return timestamp(std::chrono::system_clock::from_time_t(timegm(&t)));
}

Numbers numbers_of(FileName const& name, std::size_t digits) {
  if (!name.stem.empty() && name.stem.front() == 'V') return Numbers::flyway;
  if (name.version.parts.size() == 4) return Numbers::yearly;
  if (digits == 14) return Numbers::timestamp;
  return digits == 13 ? Numbers::epoch_ms : Numbers::sequence;
}

Layout layout_of(NamedText const& file, std::vector<NamedText> const& files, Numbers numbers) {
  if (file.folder) return Layout::folder;
  if (numbers == Numbers::flyway) return Layout::undo;
  if (file.text.find("-- migrate:up") != std::string::npos) return Layout::dbmate;
  if (file.text.find("-- +goose Up") != std::string::npos) return Layout::goose;
  bool const pair = std::any_of(files.begin(), files.end(), [](NamedText const& other) {
    return ends_with(other.name, ".up.sql") || ends_with(other.name, "-up.sql");
  });
  return pair ? Layout::pair : Layout::beside;
}

std::string padded(std::int64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

// 2026_2_50_1: the year of today, the number that the newest file has, one more in the sequence of all years.
std::string next_yearly(std::vector<Version> const& versions, std::chrono::system_clock::time_point now,
                        int ahead) {
  Version newest;
  std::int64_t sequence = 0;
  for (Version const& version : versions) {
    if (version.parts.size() != 4) continue;
    sequence = std::max(sequence, version.parts[2]);
    newest = std::max(newest, version);
  }
  std::int64_t const number = newest.empty() ? 1 : newest.parts[1];
  return std::to_string(utc(now).tm_year + 1900) + "_" + std::to_string(number) + "_" +
         std::to_string(sequence + 1 + ahead) + "_1";
}

}  // namespace

NamingScheme naming_scheme(std::vector<NamedText> const& files) {
  NamingScheme scheme;
  NamedText const* newest = nullptr;
  std::optional<FileName> newest_name;
  std::size_t width = 0;
  for (NamedText const& file : files) {
    scheme.scoped = scheme.scoped || file.text.find("MIGRATIONS =====") != std::string::npos;
    scheme.schema_placed = scheme.schema_placed || file.text.find("{schema_name}") != std::string::npos;
    auto const name = parse(file.name);
    if (!name || name->repeatable) continue;
    if (std::size_t const digits = leading_digits(name->stem); file.name[0] == '0')
      width = std::max(width, digits);
    if (ends_with(file.name, "-up.sql") || ends_with(file.name, "-down.sql")) scheme.way = '-';
    if (newest == nullptr || newest_name->version < name->version ||
        (newest_name->version == name->version && name->direction == Direction::up)) {
      newest = &file;
      newest_name = name;
    }
  }
  if (newest == nullptr) return scheme;
  std::size_t const digits = leading_digits(newest_name->stem);
  scheme.numbers = numbers_of(*newest_name, digits);
  scheme.width = width > 0 ? width : scheme.numbers == Numbers::sequence ? 1 : digits;
  if (scheme.numbers == Numbers::sequence && digits >= 3)
    scheme.width = std::max(scheme.width, std::size_t{3});
  if (digits < newest_name->stem.size() && newest_name->stem[digits] == '-') scheme.separator = '-';
  scheme.layout = layout_of(*newest, files, scheme.numbers);
  return scheme;
}

std::string next_stem(NamingScheme const& scheme, std::vector<std::string> const& names,
                      std::string const& title, std::chrono::system_clock::time_point now, int ahead) {
  std::vector<Version> versions;
  std::int64_t highest = 0;
  for (std::string const& name : names) {
    auto const parsed = parse(name);
    if (!parsed || parsed->repeatable) continue;
    versions.push_back(parsed->version);
    if (!parsed->version.empty()) highest = std::max(highest, parsed->version.parts[0]);
  }
  std::int64_t number = highest + 1 + ahead;
  switch (scheme.numbers) {
    case Numbers::yearly: return next_yearly(versions, now, ahead);
    case Numbers::flyway: return "V" + std::to_string(number) + "__" + title;
    case Numbers::timestamp:
      number = highest >= timestamp(now) ? next_timestamp(highest) : timestamp(now);
      for (int i = 0; i < ahead; ++i) number = next_timestamp(number);
      break;
    case Numbers::epoch_ms: {
      auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
      number = std::max(highest + 1, static_cast<std::int64_t>(ms)) + ahead;
      break;
    }
    case Numbers::sequence: break;
  }
  return padded(number, scheme.width) + scheme.separator + title;
}

std::string title_of(std::string_view text, NamingScheme const& scheme) {
  char const join = scheme.separator == '-' ? '-' : '_';
  std::string title;
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      title += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!title.empty() && title.back() != join)
      title += join;
  }
  while (!title.empty() && title.back() == join) title.pop_back();
  if (title.empty())
    throw fleet::Error{fleet::ErrorKind::usage,
                       fleet::in_quotes(text) + " has no letter or digit for a file's name"};
  return title;
}

}  // namespace migrations
