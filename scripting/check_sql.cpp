// Rules about SQL in a script: sql-syntax, several-statements, forbidden-in-transaction, write-while-reading,
// sql-injection-shape.

#include <fmt/format.h>

#include <algorithm>

#include "fleet/statement.hpp"
#include "scripting/check_script.hpp"

namespace scripting {

namespace {

// A part of a statement that is put together with `..`.
struct Piece {
  std::string text;  // a name stands in for what only the run knows
  int node = none;
  bool literal = false;  // text as it stands in the file
};

struct Sql {
  std::vector<Piece> pieces;
  bool complete = true;  // nothing is unknown but the name of an object or a value: it must parse
  std::string text() const {
    std::string whole;
    for (Piece const& piece : pieces) whole += piece.text;
    return whole;
  }
};

bool is_database(Script const& script, int node) {
  if (script.role(node) == Role::database) return true;
  Node const& named = script.syntax[node];
  // A helper that nobody calls by its name: what is called db is one.
  return named.kind == NodeKind::name && named.local != none && named.text == "db" &&
         script.syntax.local(named.local).parameter != none;
}

// db:identifier(…), db:literal(…): what is quoted can stand in a statement.
std::string_view quoting(Script const& script, int node) {
  Node const& call = script.syntax[script.syntax.resolved(node)];
  if (call.kind != NodeKind::method_call || !is_database(script, call.children[0])) return "";
  return call.text == "identifier" || call.text == "literal" ? std::string_view{call.text} : "";
}

// string.format("…", …) and ("…"):format(…): the node of the format, none for another call.
int format_of(Syntax const& syntax, Node const& call) {
  if (call.kind == NodeKind::method_call && call.text == "format") return call.children[0];
  if (call.kind != NodeKind::call || call.children.size() < 2) return none;
  Node const& callee = syntax[call.children[0]];
  return callee.kind == NodeKind::index && callee.text == "format" &&
                 syntax.is_global(callee.children[0], "string")
             ? call.children[1]
             : none;
}

// "drop table %s" with a name in place of each %…
std::string filled(std::string const& format) {
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    ++i;
    if (i < format.size() && format[i] == '%') {
      text += '%';
      continue;
    }
    i = format.find_first_not_of("-+ #0.123456789", i);
    if (i == format.npos) break;
    text += "x";
  }
  return text;
}

Sql sql_of(Script const& script, int argument) {
  Syntax const& syntax = script.syntax;
  Sql sql;
  std::vector<int> open{argument};
  while (!open.empty()) {
    int const node = syntax.resolved(open.back());
    open.pop_back();
    Node const& part = syntax[node];
    if (part.kind == NodeKind::concat) {
      open.insert(open.end(), part.children.rbegin(), part.children.rend());
    } else if (part.kind == NodeKind::string) {
      sql.pieces.push_back({part.text, node, true});
    } else if (auto const quotes = quoting(script, node); !quotes.empty()) {
      sql.pieces.push_back({quotes == "identifier" ? "\"x\"" : "'x'", node, false});
    } else {
      sql.complete = false;
      int const format = format_of(syntax, part);
      Node const* text = format == none ? nullptr : &syntax[syntax.resolved(format)];
      bool const known = text != nullptr && text->kind == NodeKind::string;
      sql.pieces.push_back({known ? filled(text->text) : "x", node, false});
    }
  }
  return sql;
}

// Where the character `position` (from 1) of the statement stands in the file.
Place place_of(Script const& script, Sql const& sql, int position) {
  int left = std::max(position, 1) - 1;
  for (Piece const& piece : sql.pieces) {
    int const length = characters(piece.text);
    if (left >= length && &piece != &sql.pieces.back()) {
      left -= length;
      continue;
    }
    Node const& node = script.syntax[piece.node];
    if (!piece.literal || !node.verbatim) return node.at;
    Place at = node.content;
    for (char const byte : piece.text) {
      if ((static_cast<unsigned char>(byte) & 0xC0U) == 0x80U) continue;
      if (left-- == 0) break;
      if (byte == '\n')
        at = {at.line + 1, 1};
      else
        ++at.column;
    }
    return at;
  }
  return {};
}

// The text that an operator gave reaches the statement without quotes: the node that brings it, else none.
int brought_in(Script const& script, int argument) {
  Syntax const& syntax = script.syntax;
  std::vector<int> open{argument};
  std::set<int> seen;
  while (!open.empty()) {
    int const node = syntax.resolved(open.back());
    open.pop_back();
    if (!seen.insert(node).second || !quoting(script, node).empty()) continue;
    Node const& part = syntax[node];
    if (part.kind == NodeKind::index && script.role(part.children[0]) == Role::run) {
      if (part.text == "id" || part.text == "started" || part.text == "runbook" || part.text == "outputs")
        continue;
      auto const input = std::find_if(script.inputs.begin(), script.inputs.end(),
                                      [&](DeclaredInput const& each) { return each.name == part.text; });
      bool const fixed = input != script.inputs.end() &&
                         (input->type == "number" || input->type == "boolean" || input->type == "enum");
      if (!fixed) return node;
      continue;
    }
    if (part.kind == NodeKind::name && script.role(node) == Role::run) return node;
    if (part.kind == NodeKind::function) continue;
    bool const calls = part.kind == NodeKind::call;
    for (std::size_t i = calls ? 1 : 0; i < part.children.size(); ++i) open.push_back(part.children[i]);
    if (calls) open.push_back(part.children[0]);
  }
  return none;
}

void check_injection(Script const& script, Node const& call, int argument, Findings& findings) {
  Node const& text = script.syntax[script.syntax.resolved(argument)];
  bool const built = text.kind == NodeKind::concat || format_of(script.syntax, text) != none;
  if (!built) return;
  int const from = brought_in(script, argument);
  if (from == none) return;
  Node const& source = script.syntax[from];
  bool const index = source.kind == NodeKind::index;
  // Shown where it stands when that is in this statement, else at the call.
  Place const at = index && source.at.line >= call.at.line ? source.at : call.at;
  findings.warning(at, "sql-injection-shape",
                   fmt::format("{} becomes part of the SQL text",
                               index ? "run." + source.text : std::string{"a value from run"}),
                   "pass it as $1, or quote it with db:identifier(…) or db:literal(…)");
}

// What of a call is its SQL, none when it has none.
int sql_argument(Script const& script, int number) {
  Syntax const& syntax = script.syntax;
  Node const& call = syntax[number];
  if (call.children.size() < 2) return none;
  if (call.kind == NodeKind::method_call && is_database(script, call.children[0])) {
    static constexpr std::string_view methods[] = {"query", "one", "value", "exec", "rows"};
    return std::find(std::begin(methods), std::end(methods), call.text) == std::end(methods)
               ? none
               : call.children[1];
  }
  Method const* method = script.methods[static_cast<std::size_t>(number)];
  if (method == nullptr || method->parameters.empty() || method->parameters[0].name != "sql") return none;
  return syntax[call.children[1]].kind == NodeKind::table ? syntax.field(call.children[1], "sql")
                                                          : call.children[1];
}

// For statements on `db`: what a step's moment refuses of them.
void check_moment(Script const& script, int number, fleet::StatementFacts const& facts, Place at,
                  Findings& findings) {
  constexpr char const* forbidden = "forbidden-in-transaction";
  if (facts.transaction_control)
    findings.error(at, forbidden, fmt::format("{}: the step's transaction belongs to tenantsh", facts.verb),
                   "take it out: a tx step commits when its function returns and rolls back when it raises");
  else if (facts.transaction_forbidden && script.in(number, context::tx))
    findings.error(at, forbidden, fmt::format("{} cannot run inside a transaction", facts.verb),
                   "make this an effect step with a probe");
  if (facts.effect != fleet::StatementEffect::read && script.in(number, context::reading))
    findings.error(at, "write-while-reading",
                   fmt::format("{}: probe, pre, when and verify may only read", facts.verb),
                   "move it to the step's tx or effect");
}

void check_statement(Script const& script, int number, int argument, Findings& findings) {
  Node const& call = script.syntax[number];
  bool const on_database = call.kind == NodeKind::method_call && is_database(script, call.children[0]);
  Sql const sql = sql_of(script, argument);
  try {
    auto const facts = fleet::examine_statement(sql.text());
    Place const at = place_of(script, sql, 1);
    if (on_database) check_moment(script, number, facts, at, findings);
    if (facts.statements != 1 && sql.complete && on_database)
      findings.error(at, "several-statements",
                     fmt::format("db takes one statement at a time, this text holds {}", facts.statements),
                     "one call for each");
  } catch (fleet::Error const& error) {
    if (sql.complete)
      findings.error(place_of(script, sql, error.position), "sql-syntax", error.message,
                     "PostgreSQL's own parser refuses this text");
  }
}

}  // namespace

void check_sql(Script const& script, Findings& findings) {
  for (int number = 0; number < static_cast<int>(script.syntax.nodes.size()); ++number) {
    int const argument = sql_argument(script, number);
    if (argument == none) continue;
    check_statement(script, number, argument, findings);
    check_injection(script, script.syntax[number], argument, findings);
  }
}

std::string destroying_sql(Script const& script, int function) {
  std::set<int> reached{function};
  std::vector<int> open{function};
  while (!open.empty()) {
    int const caller = open.back();
    open.pop_back();
    for (int const callee : script.callees[static_cast<std::size_t>(caller)])
      if (reached.insert(callee).second) open.push_back(callee);
  }
  for (int number = 0; number < static_cast<int>(script.syntax.nodes.size()); ++number) {
    // What stands in a function inside one of them belongs to it.
    int within = script.syntax[number].within;
    while (within > 0 && reached.count(within) == 0) within = script.syntax.function(within).within;
    if (within <= 0) continue;
    int const argument = sql_argument(script, number);
    if (argument == none) continue;
    try {
      auto const facts = fleet::examine_statement(sql_of(script, argument).text());
      if (!facts.destroys.empty()) return facts.destroys;
    } catch (fleet::Error const&) {
      // check_statement says what is wrong with it.
    }
  }
  return "";
}

}  // namespace scripting
