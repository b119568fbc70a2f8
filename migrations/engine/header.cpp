#include "migrations/engine/header.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "fleet/selection.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

std::vector<std::string> const words{"seed", "no-transaction", "overwrite", "profile", "allow"};

std::string trimmed(std::string_view text) {
  std::size_t const first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t\r") + 1 - first)};
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    std::size_t const comma = text.find(',');
    items.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

// The text after "-- KEY:" in a comment line, or nothing.
bool directive(std::string_view line, std::string_view key, std::string_view& rest) {
  if (line.substr(0, 2) != "--") return false;
  line.remove_prefix(2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.substr(0, key.size()) != key) return false;
  rest = line.substr(key.size());
  return true;
}

bool is_table_name(std::string_view text) {
  auto part = [](std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
  };
  std::size_t const dot = text.find('.');
  return dot != std::string_view::npos && part(text.substr(0, dot)) && part(text.substr(dot + 1));
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 ||
           std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

void read_profile(std::string const& name, int line, Header& header) {
  if (!is_name(name))
    header.mistakes.push_back(
        {line, "`" + name + "` is no name of a profile", "write `-- tenantsh: seed, profile development`"});
  else if (name != "baseline" && name != "production")
    header.profile = name;
}

void read_secrets(std::string_view rest, int line, Header& header) {
  for (std::string const& name : comma_list(rest)) {
    if (is_name(name))
      header.secrets.push_back(name);
    else
      header.mistakes.push_back({line, "`" + name + "` is no name of a secret",
                                 "write `-- secrets: admin_password`, lower case, digits and _"});
  }
}

void read_tenantsh(std::string_view rest, int line, Header& header) {
  for (std::string const& word : comma_list(rest)) {
    if (word == "seed") {
      header.seed = true;
    } else if (word == "no-transaction") {
      header.no_transaction = true;
    } else if (word == "overwrite") {
      header.overwrite = true;
    } else if (word == "profile" || word.rfind("profile ", 0) == 0) {
      read_profile(trimmed(word.substr(7)), line, header);
    } else {
      std::string const near = fleet::nearest(word, words);
      header.mistakes.push_back(
          {line, "`-- tenantsh: " + word + "` is not known",
           near.empty() ? "known: seed, no-transaction, overwrite, profile NAME, allow RULE reason"
                        : "did you mean `-- tenantsh: " + near + "`?"});
    }
  }
}

void read_fills(std::string_view rest, int line, Header& header) {
  for (std::string const& table : comma_list(rest)) {
    if (is_table_name(table)) {
      header.fills.push_back(table);
    } else {
      header.mistakes.push_back(
          {line, "`" + table + "` is no table name", "write `-- fills: schema.table, schema.table`"});
    }
  }
}

// Where the first statement begins; sql.size() when there is none.
std::size_t first_statement(std::string_view sql) {
  for (std::size_t i = 0; i < sql.size();) {
    if (std::isspace(static_cast<unsigned char>(sql[i])) != 0 || sql[i] == ';') {
      ++i;
    } else if (sql.substr(i, 2) == "--") {
      i = std::min(sql.find_first_of("\r\n", i), sql.size());
    } else if (sql.substr(i, 2) == "/*") {
      i = block_comment_end(sql, i).value_or(sql.size());
    } else {
      return i;
    }
  }
  return sql.size();
}

}  // namespace

Header read_header(std::string_view sql) {
  Header header;
  std::size_t const statement = first_statement(sql);
  header.has_statement = statement < sql.size();
  int line = 1;
  for (std::size_t begin = 0; begin < sql.size();) {
    std::size_t const end = std::min(sql.find_first_of("\r\n", begin), sql.size());
    std::string_view const text = sql.substr(begin, end - begin);
    std::string_view rest;
    if (directive(text, "tenantsh:", rest)) {
      std::string const what = trimmed(rest);
      bool const allow = what == "allow" || what.rfind("allow ", 0) == 0;
      if (!allow && begin < statement) {
        read_tenantsh(rest, line, header);
      } else if (!allow) {
        header.mistakes.push_back({line, "`-- tenantsh: " + what + "` stands below the first statement",
                                   "move the line to the top of the file"});
      }
    } else if (begin < statement && directive(text, "fills:", rest)) {
      read_fills(rest, line, header);
    } else if (begin < statement && directive(text, "secrets:", rest)) {
      read_secrets(rest, line, header);
    }
    if (end < sql.size() && sql[end] == '\n') ++line;
    begin = end + 1;
  }
  return header;
}

}  // namespace migrations
