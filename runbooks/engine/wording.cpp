#include "runbooks/engine/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace runbooks {

namespace {

// U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: text that is shown in another order than it stands.
bool reorders(unsigned point) {
  return point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

bool is_control(unsigned point) {
  return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7f && point < 0xa0);
}

// The code point at `at` of valid UTF-8, and how many bytes it takes.
std::pair<unsigned, std::size_t> point_at(std::string_view text, std::size_t at) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  unsigned const first = byte(0);
  std::size_t const bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  unsigned point = bytes == 1 ? first : first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) point = (point << 6U) | (byte(i) & 0x3fU);
  return {point, bytes};
}

std::string valid_utf8(std::string_view text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

bool parse_time(std::string const& at, std::chrono::sys_time<std::chrono::milliseconds>& time) {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0, millisecond = 0;
  if (std::sscanf(at.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ", &year, &month, &day, &hour, &minute, &second,
                  &millisecond) < 6)
    return false;
  time = std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} +
         std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second} +
         std::chrono::milliseconds{millisecond};
  return true;
}

}  // namespace

std::string readable_time(std::string const& at) {
  std::chrono::sys_time<std::chrono::milliseconds> time;
  return parse_time(at, time) ? at.substr(0, 10) + " " + at.substr(11, 8) + " UTC" : at;
}

long elapsed_ms(std::string const& from, std::string const& to) {
  std::chrono::sys_time<std::chrono::milliseconds> begin, end;
  return parse_time(from, begin) && parse_time(to, end) ? (end - begin).count() : 0;
}

std::string event_words(std::string const& event) {
  if (event == "by_hand") return "done by hand";
  if (event == "intent") return "begun";
  if (event == "run_started") return "started";
  if (event == "run_done") return "run done";
  if (event == "run_stopped") return "run stopped";
  std::string words = event;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

Json told_outputs(Event const& event) {
  if (event.event == "planned" && event.outputs.is_object())
    return {{"plan of", event.outputs.value("at", "")}, {"made by", event.outputs.value("who", "")}};
  if (event.event == "approval_requested" && event.outputs.is_object())
    return {{"database login", event.outputs.value("login", "")},
            {"wanted", event.outputs.value("count", 0)},
            {"digest", event.outputs.value("digest", "")}};
  return event.outputs;
}

std::string process_words(Json const& head) {
  if (!head.is_object() || head.value("pid", 0) == 0) return {};
  std::string const host = head.value("host", "");
  return fmt::format("process {}{}", head.value("pid", 0), host.empty() ? "" : " on " + host);
}

std::string clean_text(std::string_view text) {
  std::string const valid = valid_utf8(text);
  std::string clean;
  clean.reserve(valid.size());
  for (std::size_t at = 0; at < valid.size();) {
    auto const [point, bytes] = point_at(valid, at);
    if (point == '\r' && at + 1 < valid.size() && valid[at + 1] == '\n') {
      // A line end of another system.
    } else if (is_control(point) || reorders(point)) {
      clean += fmt::format("\\u{{{:x}}}", point);
    } else {
      clean.append(valid, at, bytes);
    }
    at += bytes;
  }
  return clean;
}

std::string plain_text(Json const& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  bool const list = value.is_array() && !value.empty() &&
                    std::none_of(value.begin(), value.end(), [](Json const& v) { return v.is_structured(); });
  if (!list) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (Json const& item : value) text += (text.empty() ? "" : ", ") + plain_text(item);
  return text;
}

bool is_table(Json const& value) {
  return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), [](Json const& row) {
           return row.is_object() && !row.empty();
         });
}

std::vector<std::string> column_names(Json const& rows) {
  std::vector<std::string> names;
  for (Json const& row : rows)
    for (auto const& item : row.items())
      if (std::find(names.begin(), names.end(), item.key()) == names.end()) names.push_back(item.key());
  return names;
}

std::vector<std::pair<std::string, std::string>> error_fields(Json const& error) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (!error.is_object()) return fields;
  for (auto const& item : error.items())
    if (item.key() != "message")
      fields.emplace_back(item.key() == "sqlstate" ? "SQLSTATE"
                          : item.key() == "kind"   ? "kind of error"
                                                   : item.key(),
                          plain_text(item.value()));
  return fields;
}

}  // namespace runbooks
