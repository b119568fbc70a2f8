#include "migrations/engine/placeholder.hpp"

#include <cctype>
#include <cstddef>

#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

// `name` with every character of `signs` in it doubled.
std::string doubled(std::string_view name, std::string_view signs) {
  std::string text;
  for (char c : name) text.append(signs.find(c) == std::string_view::npos ? 1 : 2, c);
  return text;
}

void replace_all(std::string& text, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(schema_placeholder, at)) != std::string::npos; at += by.size())
    text.replace(at, schema_placeholder.size(), by);
}

bool in_word(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

// The letters of an unquoted identifier as PostgreSQL reads them.
std::string folded(std::string_view word) {
  std::string text{word};
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// What stands beside a placeholder without a blank is part of the name: audit_{schema_name} is one
// identifier.
std::string fill_code(std::string_view code, std::string_view schema_name) {
  std::string filled;
  std::size_t at = 0;
  for (std::size_t found; (found = code.find(schema_placeholder, at)) != std::string_view::npos;) {
    std::size_t word = found;
    while (word > at && in_word(code[word - 1])) --word;
    while (word < found && (std::isdigit(static_cast<unsigned char>(code[word])) != 0 || code[word] == '$'))
      ++word;
    filled += code.substr(at, word - at);
    std::string name = folded(code.substr(word, found - word));
    for (at = found; code.substr(at, schema_placeholder.size()) == schema_placeholder;) {
      name += schema_name;
      std::size_t const after = at + schema_placeholder.size();
      for (at = after; at < code.size() && in_word(code[at]);) ++at;
      name += folded(code.substr(after, at - after));
    }
    filled += '"' + doubled(name, "\"") + '"';
  }
  filled += code.substr(at);
  return filled;
}

// A name may hold the tag that stands around it.
std::string fill_dollar(std::string_view text, std::string_view schema_name) {
  std::string tag{text.substr(0, text.find('$', 1) + 1)};
  bool const closed = text.size() >= 2 * tag.size() && text.substr(text.size() - tag.size()) == tag;
  std::string const body =
      fill_schema(text.substr(tag.size(), text.size() - tag.size() * (closed ? 2 : 1)), schema_name);
  if (!closed) return tag + body;
  // The body's last characters and the tag's first ones may make one as well.
  for (int other = 1; (body + tag).find(tag) != body.size(); ++other)
    tag = "$tenantsh" + std::to_string(other) + "$";
  return tag + body + tag;
}

}  // namespace

std::string fill_schema(std::string_view sql, std::string_view schema_name) {
  if (sql.find(schema_placeholder) == std::string_view::npos) return std::string{sql};
  std::string filled;
  for (Region const& region : regions(sql)) {
    std::string_view const text = sql.substr(region.begin, region.end - region.begin);
    if (text.find(schema_placeholder) == std::string_view::npos) {
      filled += text;
      continue;
    }
    if (region.kind == Stretch::code) {
      filled += fill_code(text, schema_name);
      continue;
    }
    if (region.kind == Stretch::dollar) {
      filled += fill_dollar(text, schema_name);
      continue;
    }
    std::string part{text};
    if (region.kind == Stretch::text)
      replace_all(part, doubled(schema_name, region.backslash ? "'\\" : "'"));
    else if (region.kind == Stretch::identifier)
      replace_all(part, doubled(schema_name, region.backslash ? "\"\\" : "\""));
    else
      replace_all(part, "schema");  // a name may hold what ends a comment
    filled += part;
  }
  return filled;
}

std::string parseable(std::string_view sql) {
  std::string text{sql};
  replace_all(text, "schema_name__");
  return text;
}

}  // namespace migrations
