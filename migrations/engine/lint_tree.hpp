#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// One node of the tree that libpg_query writes as JSON. What a tree leaves out (zero, false, "") reads as
// empty: looking is always safe. Refers to the tree; does not own it.
class Node {
 public:
  Node() = default;
  explicit Node(nlohmann::json const& json) : json_(&json) {}

  explicit operator bool() const { return json_ != nullptr; }
  Node operator[](char const* key) const;
  std::string_view text(char const* key) const;  // "" when there is none
  bool flag(char const* key) const;
  int number(char const* key, int otherwise = 0) const;
  // The elements of a list.
  std::vector<Node> items(char const* key) const;
  std::vector<Node> items() const;
  // {"ColumnDef": {…}}: the word, and what is in it.
  std::string_view kind() const;
  Node inner() const;
  // {"String": {"sval": "x"}}
  std::string_view string() const;
  // [{"String": …}, …] below `key`.
  std::vector<std::string> strings(char const* key) const;

  // Calls `visit` with every {"Kind": {…}} below, this one included, in no order that matters. Needs no stack
  // however deep the tree is.
  void walk(std::function<void(std::string_view kind, Node inner)> const& visit) const;

 private:
  nlohmann::json const* json_ = nullptr;
};

// schema may be empty. As PostgreSQL folds it: lower case unless quoted.
struct ObjectName {
  std::string schema, name;

  bool operator==(ObjectName const&) const = default;
  auto operator<=>(ObjectName const&) const = default;
  std::string text() const { return schema.empty() ? name : schema + "." + name; }
};
ObjectName relation_name(Node range_var);  // a RangeVar without its kind
ObjectName object_name(std::vector<std::string> const& parts);

// "numeric(18,4)", "varchar(10)[]", "bigint", "s.kind": a TypeName without its kind.
std::string type_text(Node type);
// "int4" without schema pg_catalog and without modifiers.
std::string type_base(Node type);

// One statement of a text, or what could not be parsed.
struct ParsedStatement {
  std::string kind;       // "CreateStmt"; empty: not parsed
  Node node;              // what is in it
  std::size_t begin = 0;  // of its first word, in bytes
  std::size_t end = 0;
  std::size_t base = 0;  // where its locations count from
  // When it was not parsed:
  std::string trouble;
  std::size_t trouble_at = 0;
};
// Statements longer than this are not analysed.
inline constexpr std::size_t longest_linted = 1024 * 1024;
// What parsing needs at most. libpg_query writes its tree by recursion, unchecked.
inline constexpr std::size_t lint_stack = 256 * longest_linted + 16 * 1024 * 1024;

// Calls `on` for each statement in order; its node lives until `on` returns. By statement where the whole
// text does not parse or is long, so that the memory needed is that of a statement. Precondition: runs on a
// stack of lint_stack bytes.
void parse_statements(std::string_view sql, std::function<void(ParsedStatement const&)> const& on);

}  // namespace migrations
