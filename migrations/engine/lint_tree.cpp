#include "migrations/engine/lint_tree.hpp"

#include <pg_query.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/sql_text.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

namespace {

using Json = nlohmann::json;

// A text is parsed as one as long as its tree stays small; the tree takes about 60 times the text's room.
constexpr std::size_t parsed_as_one = 256 * 1024;

struct Parse {
  explicit Parse(std::string const& sql) : result(pg_query_parse(sql.c_str())) {}
  ~Parse() { pg_query_free_parse_result(result); }
  Parse(Parse const&) = delete;
  Parse& operator=(Parse const&) = delete;
  PgQueryParseResult result;
};

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// From the first word to the last in text[begin, end): locations include what stands above.
std::pair<std::size_t, std::size_t> trimmed(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin < end) {
    if (is_space(text[begin])) {
      ++begin;
    } else if (text.substr(begin, 2) == "--") {
      begin = std::min(text.find('\n', begin), end);
    } else if (text.substr(begin, 2) == "/*") {
      begin += regions(text.substr(begin, end - begin)).front().end;
    } else {
      break;
    }
  }
  while (end > begin && is_space(text[end - 1])) --end;
  return {begin, end};
}

using OnStatement = std::function<void(ParsedStatement const&)>;

// The statements of text[base, base + length); false and the error when they do not parse.
bool parse(std::string_view text, std::size_t base, std::size_t length, OnStatement const& on,
           std::string& trouble, int& position) {
  std::string const part{text.substr(base, length)};
  Json tree;
  {
    Parse const parse{part};
    if (parse.result.error != nullptr) {
      trouble = parse.result.error->message;
      position = parse.result.error->cursorpos;
      return false;
    }
    tree = Json::parse(parse.result.parse_tree, nullptr, false);
  }
  for (Node const& raw : Node{tree}.items("stmts")) {
    Node const statement = raw["stmt"];
    if (!statement) continue;
    auto const from = base + static_cast<std::size_t>(raw.number("stmt_location"));
    auto const size = static_cast<std::size_t>(raw.number("stmt_len"));
    auto const [begin, end] = trimmed(text, from, size == 0 ? base + part.size() : from + size);
    on({std::string{statement.kind()}, statement.inner(), begin, end, base, {}, 0});
  }
  return true;
}

void parse_pieces(std::string_view sql, OnStatement const& on) {
  std::vector<Piece> pieces;
  try {
    pieces = split_statements(sql);
  } catch (fleet::Error const& error) {
    auto const [begin, end] = trimmed(sql, 0, sql.size());
    on({{}, {}, begin, end, 0, error.message, error.position > 0 ? byte_offset(sql, error.position) : begin});
    return;
  }
  for (Piece const& piece : pieces) {
    auto const unparsed = [&](std::string trouble, std::size_t at) {
      on({{}, {}, piece.offset, piece.offset + piece.sql.size(), 0, std::move(trouble), at});
    };
    if (piece.sql.size() > longest_linted) {
      unparsed("it is longer than 1 MiB", piece.offset);
      continue;
    }
    std::string trouble;
    int position = 0;
    if (!parse(sql, piece.offset, piece.sql.size(), on, trouble, position))
      unparsed(trouble, piece.offset + (position > 0 ? byte_offset(piece.sql, position) : 0));
  }
}

}  // namespace

Node Node::operator[](char const* key) const {
  if (json_ == nullptr || !json_->is_object()) return {};
  auto const found = json_->find(key);
  return found == json_->end() ? Node{} : Node{*found};
}

std::string_view Node::text(char const* key) const {
  Node const value = (*this)[key];
  return value && value.json_->is_string() ? std::string_view{value.json_->get_ref<std::string const&>()}
                                           : std::string_view{};
}

bool Node::flag(char const* key) const {
  Node const value = (*this)[key];
  return value && value.json_->is_boolean() && value.json_->get<bool>();
}

int Node::number(char const* key, int otherwise) const {
  Node const value = (*this)[key];
  return value && value.json_->is_number_integer() ? value.json_->get<int>() : otherwise;
}

std::vector<Node> Node::items() const {
  std::vector<Node> list;
  if (json_ == nullptr || !json_->is_array()) return list;
  list.reserve(json_->size());
  for (Json const& each : *json_) list.emplace_back(each);
  return list;
}

std::vector<Node> Node::items(char const* key) const { return (*this)[key].items(); }

std::string_view Node::kind() const {
  if (json_ == nullptr || !json_->is_object() || json_->size() != 1) return {};
  return json_->begin().key();
}

Node Node::inner() const {
  if (json_ == nullptr || !json_->is_object() || json_->empty()) return {};
  return Node{json_->begin().value()};
}

std::string_view Node::string() const { return kind() == "String" ? inner().text("sval") : ""; }

std::vector<std::string> Node::strings(char const* key) const {
  std::vector<std::string> list;
  for (Node const& each : items(key)) list.emplace_back(each.string());
  return list;
}

void Node::walk(std::function<void(std::string_view, Node)> const& visit) const {
  if (json_ == nullptr) return;
  std::vector<Json const*> open{json_};
  while (!open.empty()) {
    Json const& at = *open.back();
    open.pop_back();
    if (at.is_array()) {
      for (Json const& each : at)
        if (each.is_structured()) open.push_back(&each);
    } else if (at.is_object()) {
      for (auto each = at.begin(); each != at.end(); ++each) {
        if (!each->is_structured()) continue;
        // Kinds are written in capitals, fields in small letters.
        if (each->is_object() && each.key()[0] >= 'A' && each.key()[0] <= 'Z') visit(each.key(), Node{*each});
        open.push_back(&*each);
      }
    }
  }
}

ObjectName relation_name(Node range_var) {
  return {std::string{range_var.text("schemaname")}, std::string{range_var.text("relname")}};
}

ObjectName object_name(std::vector<std::string> const& parts) {
  if (parts.empty()) return {};
  return {parts.size() > 1 ? parts[parts.size() - 2] : "", parts.back()};
}

std::string type_base(Node type) {
  auto const names = type.strings("names");
  if (names.empty()) return {};
  if (names.size() > 1 && names[0] != "pg_catalog") return names[0] + "." + names.back();
  return names.back();
}

std::string type_text(Node type) {
  static std::map<std::string, char const*> const words{{"int8", "bigint"},
                                                        {"int4", "integer"},
                                                        {"int2", "smallint"},
                                                        {"bool", "boolean"},
                                                        {"float8", "double precision"},
                                                        {"float4", "real"},
                                                        {"bpchar", "char"}};
  std::string text = type_base(type);
  if (auto const word = words.find(text); word != words.end()) text = word->second;
  std::string modifiers;
  for (Node const& each : type.items("typmods"))
    if (each.kind() == "A_Const")
      modifiers += (modifiers.empty() ? "" : ",") + std::to_string(each.inner()["ival"].number("ival"));
  if (!modifiers.empty()) text += "(" + modifiers + ")";
  if (type["arrayBounds"]) text += "[]";
  return text;
}

void parse_statements(std::string_view sql, OnStatement const& on) {
  std::string trouble;
  int position = 0;
  if (sql.size() > parsed_as_one || !parse(sql, 0, sql.size(), on, trouble, position)) parse_pieces(sql, on);
}

}  // namespace migrations
