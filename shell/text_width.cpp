#include "shell/text_width.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

namespace shell {
namespace {

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

struct CodePoint {
  utf8proc_int32_t value = -1;  // -1: not UTF-8
  std::size_t bytes = 1;
};

CodePoint code_point_at(std::string_view text, std::size_t position) {
  CodePoint point;
  auto const* bytes = reinterpret_cast<utf8proc_uint8_t const*>(text.data() + position);
  utf8proc_ssize_t const read =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - position), &point.value);
  if (read < 1) return {};
  point.bytes = static_cast<std::size_t>(read);
  return point;
}

// Walks grapheme clusters: next() moves `end` behind the cluster that starts at the old `end`.
struct Clusters {
  std::string_view text;
  std::size_t end = 0;
  std::size_t width = 0;  // of the cluster just passed

  bool next() {
    if (end >= text.size()) return false;
    utf8proc_int32_t state = 0, before = -1;
    width = 0;
    while (end < text.size()) {
      CodePoint const point = code_point_at(text, end);
      if (before >= 0 &&
          (point.value < 0 || utf8proc_grapheme_break_stateful(before, point.value, &state) != 0))
        return true;
      constexpr utf8proc_int32_t emoji_presentation = 0xfe0f;
      std::size_t own =
          point.value < 0 ? 1 : static_cast<std::size_t>(std::max(0, utf8proc_charwidth(point.value)));
      if (point.value == emoji_presentation) own = 2;
      width = std::max(width, own);
      end += point.bytes;
      if (point.value < 0) return true;
      before = point.value;
    }
    return true;
  }
};

bool reorders_text(utf8proc_int32_t value) {
  return (value >= 0x202a && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069) || value == 0x200e ||
         value == 0x200f || value == 0x061c;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  if (is_plain(text)) return text.size();
  std::size_t total = 0;
  for (Clusters clusters{text}; clusters.next();) total += clusters.width;
  return total;
}

Cluster cluster_at(std::string_view text, std::size_t at) {
  Clusters clusters{text.substr(at)};
  clusters.next();
  return {clusters.end, clusters.width};
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string{text};
  if (width == 0) return {};
  std::size_t total = 0, kept = 0;
  for (Clusters clusters{text}; clusters.next();) {
    if (total + clusters.width > width - 1) break;
    total += clusters.width;
    kept = clusters.end;
  }
  return std::string{text.substr(0, kept)} + "…";
}

std::string_view trimmed(std::string_view text) {
  std::size_t const first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string printable(std::string_view text, LineBreaks line_breaks) {
  if (is_plain(text)) return std::string{text};
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    CodePoint const point = code_point_at(text, at);
    char const first = text[at];
    if (point.value < 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(first));
    } else if (first == '\n' || first == '\t') {
      if (line_breaks == LineBreaks::keep)
        out += first;
      else
        out += first == '\n' ? "\\n" : "\\t";
    } else if (first == '\r') {
      out += "\\r";
    } else if (first == '\x1b') {
      out += "\\e";
    } else if (point.value < 0x20 || point.value == 0x7f || (point.value >= 0x80 && point.value < 0xa0)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(point.value));
    } else if (reorders_text(point.value)) {
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(point.value));
    } else {
      out += text.substr(at, point.bytes);
    }
    at += point.bytes;
  }
  return out;
}

}  // namespace shell
