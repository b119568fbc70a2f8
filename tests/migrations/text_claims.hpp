#pragma once

#include <string>

#include "fleet/error.hpp"
#include "migrations/engine/file_name.hpp"
#include "migrations/engine/header.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/sections.hpp"
#include "migrations/engine/sql_text.hpp"
#include "migrations/engine/statements.hpp"

namespace tests {

// What is said about a text and does not hold, "" when all does.
inline std::string untrue_of_text(std::string const& text) {
  using namespace migrations;
  std::size_t at = 0;
  for (Region const& region : regions(text)) {
    if (region.begin != at || region.end <= region.begin) return "regions without a gap";
    at = region.end;
  }
  if (at != text.size()) return "regions up to the end";

  at = 0;
  for (Head const& head : statement_heads(text)) {
    if (head.offset < at || head.offset >= text.size()) return "heads in their order";
    if (head.words.empty() || head.words.size() > 6) return "one to six words of a head";
    at = head.offset + 1;
  }

  Sections const sections = read_sections(text);
  at = sections.preamble_end;
  for (Section const& section : sections.parts) {
    if (section.begin < at || section.end < section.begin || section.end > text.size())
      return "sections in their order, within the text";
    at = section.end;
  }
  if (at > text.size()) return "a preamble within the text";
  if (sections.parts.empty()) return "a section";
  if (!sections.marked && (sections.parts.front().begin != 0 || sections.parts.front().end != text.size()))
    return "the whole text as the one section";
  int const lines = line_of(text, text.size());
  for (auto const& mistake : sections.mistakes)
    if (mistake.line < 1 || mistake.line > lines || mistake.message.empty() || mistake.hint.empty())
      return "a mistake of the sections with line, message and hint";
  for (auto const& mistake : read_header(text).mistakes)
    if (mistake.line < 1 || mistake.line > lines || mistake.message.empty() || mistake.hint.empty())
      return "a mistake of the header with line, message and hint";

  for (char const* schema : {"acme", "o'B\"x", "a$$b", "back\\slash", "two\nlines", "*/ end --"}) {
    std::string const filled = fill_schema(text, schema);
    if (filled.find(schema_placeholder) != std::string::npos) return "a text with every placeholder filled";
    if (text.find(schema_placeholder) == std::string::npos && filled != text) return "a text as it was";
  }
  if (parseable(text).size() != text.size()) return "a text of the same length for the parser";

  if (text.find('\0') != std::string::npos || !is_utf8(text)) return {};
  try {
    at = 0;
    for (Piece const& piece : split_statements(text)) {
      if (piece.offset < at || piece.offset + piece.sql.size() > text.size())
        return "statements in their order";
      if (text.compare(piece.offset, piece.sql.size(), piece.sql) != 0) return "statements as they stand";
      if (piece.sql.empty()) return "statements with something in them";
      at = piece.offset + piece.sql.size();
    }
  } catch (fleet::Error const& error) {
    if (error.message.empty() || error.position < 0) return "a refusal with its position";
  }
  return {};
}

inline std::string untrue_of_name(std::string const& name) {
  using namespace migrations;
  Version const version = version_of(name);
  for (auto const& parsed : {parse_file_name(name), parse_folder_name(name)}) {
    if (!parsed) continue;
    if (version.empty() || parsed->version.empty() || parsed->version.text().empty()) return "a version";
    if (parsed->stem.empty() || name.rfind(parsed->stem, 0) != 0) return "a stem that the name begins with";
    for (std::int64_t part : parsed->version.parts)
      if (part < 0) return "parts of a version that are numbers";
  }
  if (auto const parsed = parse_file_name(name); parsed && version != parsed->version)
    return "one version, whoever asks";
  return {};
}

}  // namespace tests
