#include "migrations/engine/placeholder.hpp"

#include <cstddef>

#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

// `name` with every `quote` in it doubled.
std::string doubled(std::string_view name, char quote) {
  std::string text;
  for (char c : name) text.append(c == quote ? 2 : 1, c);
  return text;
}

void replace_all(std::string& text, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(schema_placeholder, at)) != std::string::npos; at += by.size())
    text.replace(at, schema_placeholder.size(), by);
}

}  // namespace

std::string fill_schema(std::string_view sql, std::string_view schema_name) {
  if (sql.find(schema_placeholder) == std::string_view::npos) return std::string{sql};
  std::string filled;
  for (Region const& region : regions(sql)) {
    std::string part{sql.substr(region.begin, region.end - region.begin)};
    if (part.find(schema_placeholder) != std::string::npos) {
      if (region.kind == Stretch::text) {
        replace_all(part, doubled(schema_name, '\''));
      } else if (region.kind == Stretch::identifier) {
        replace_all(part, doubled(schema_name, '"'));
      } else if (region.kind == Stretch::dollar) {
        std::size_t const tag = part.find('$', 1) + 1;
        std::size_t const body = part.size() >= 2 * tag ? part.size() - 2 * tag : 0;
        part = part.substr(0, tag) + fill_schema(std::string_view{part}.substr(tag, body), schema_name) +
               part.substr(tag + body);
      } else {
        replace_all(part, '"' + doubled(schema_name, '"') + '"');
      }
    }
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
