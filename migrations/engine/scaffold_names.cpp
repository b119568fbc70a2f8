#include "migrations/engine/scaffold_names.hpp"

#include <algorithm>
#include <cctype>

#include "fleet/error.hpp"
#include "migrations/engine/placeholder.hpp"

namespace migrations {

namespace {

constexpr std::size_t longest_name = 63;

bool is_plain(std::string_view name) {
  auto const letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && name.size() <= longest_name && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; });
}

std::string cased(std::string_view text, bool upper) {
  std::string result{text};
  if (upper)
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string trimmed(std::string_view text) {
  std::size_t const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t") + 1 - first)};
}

// Words between blanks; parentheses and '…' keep theirs.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  bool quoted = false;
  for (char c : text) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && c == '(') ++depth;
    if (!quoted && c == ')') --depth;
    if (c == ' ' && depth == 0 && !quoted) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

fleet::Error wrong(std::string const& message, std::string hint) {
  return fleet::Error{fleet::ErrorKind::usage, message}.with_hint(std::move(hint));
}

}  // namespace

std::string const& checked_name(std::string const& name, std::string_view what) {
  if (!is_plain(name))
    throw wrong(std::string{what} + " " + fleet::in_quotes(name) + " is no plain name",
                "letters, digits and _, at most 63 of them, no digit first");
  return name;
}

std::string TableName::word(std::string_view lower) const { return cased(lower, upper); }

std::string TableName::named(std::string_view prefix, std::vector<std::string> const& parts) const {
  std::string name = cased(prefix, upper);
  for (std::string const& part : parts) name += "_" + part;
  return name.substr(0, longest_name);
}

TableName parse_table_name(std::string_view text, NamingScheme const& scheme, Scope scope) {
  TableName name;
  std::string rest = trimmed(text);
  if (rest.empty()) throw wrong("no table is named", "table = \"members.note\"");
  bool const placed = scheme.schema_placed && scope == Scope::tenant;
  std::string const placeholder = std::string{schema_placeholder} + ".";
  if (rest.rfind(placeholder, 0) == 0) {
    rest.erase(0, placeholder.size());
    name.schema = schema_placeholder;
  } else if (std::size_t const dot = rest.find('.'); dot != std::string::npos) {
    name.schema = checked_name(rest.substr(0, dot), "schema");
    rest.erase(0, dot + 1);
    if (placed)
      throw wrong(
          "the schema of " + fleet::in_quotes(text) + " cannot be: a tenant of this set is one schema",
          "leave the schema away, or write {schema_name}.");
  } else if (placed) {
    name.schema = schema_placeholder;
  } else {
    throw wrong("table " + fleet::in_quotes(text) + " has no schema", "write schema.table");
  }
  name.table = checked_name(rest, "table");
  name.text = name.schema + "." + name.table;
  name.upper = std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return std::isupper(c) != 0; }) &&
               std::none_of(rest.begin(), rest.end(), [](unsigned char c) { return std::islower(c) != 0; });
  return name;
}

TableColumns parse_table_columns(std::string_view text, NamingScheme const& scheme, Scope scope) {
  std::string_view table = text;
  TableColumns found;
  if (std::size_t const open = text.find('('); open != std::string_view::npos) {
    std::size_t const close = text.find(')', open);
    if (close == std::string_view::npos || close + 1 != text.size())
      throw wrong(fleet::in_quotes(text) + " is no table with columns", "write schema.table(column, column)");
    table = text.substr(0, open);
    for (std::string_view list = text.substr(open + 1, close - open - 1);;) {
      std::size_t const comma = list.find(',');
      found.columns.push_back(checked_name(trimmed(list.substr(0, comma)), "column"));
      if (comma == std::string_view::npos) break;
      list.remove_prefix(comma + 1);
    }
  }
  found.table = parse_table_name(table, scheme, scope);
  return found;
}

ColumnText parse_column(std::string_view text) {
  ColumnText column;
  std::string* into = &column.type;
  bool negated = false;
  bool first = true;
  for (std::string const& word : words_of(text)) {
    std::string key = word;
    std::transform(key.begin(), key.end(), key.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (first) {
      column.name = checked_name(word, "column");
      first = false;
    } else if (key == "not") {
      negated = true;
    } else if (key == "null") {
      (negated ? column.not_null : column.null) = true;
      negated = false;
    } else if (key == "default") {
      into = &column.value;
    } else if (key == "references") {
      into = &column.references;
    } else {
      *into += (into->empty() ? "" : " ") + word;
    }
  }
  if (column.type.empty())
    throw wrong("column " + fleet::in_quotes(text) + " has no type",
                "write \"name type\", \"name type null\", \"name type references schema.table\"");
  return column;
}

}  // namespace migrations
