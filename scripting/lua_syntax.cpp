#include "scripting/lua_syntax.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace scripting {

namespace {

struct NotUnderstood : std::runtime_error {
  NotUnderstood() : std::runtime_error("not understood") {}
};

// Binding strengths of Lua 5.4 (lparser.c): left, right.
struct Strength {
  int left, right;
};
std::map<std::string_view, Strength> const binary{
    {"or", {1, 1}},   {"and", {2, 2}}, {"<", {3, 3}},   {">", {3, 3}},   {"<=", {3, 3}},  {">=", {3, 3}},
    {"~=", {3, 3}},   {"==", {3, 3}},  {"|", {4, 4}},   {"~", {5, 5}},   {"&", {6, 6}},   {"<<", {7, 7}},
    {">>", {7, 7}},   {"..", {9, 8}},  {"+", {10, 10}}, {"-", {10, 10}}, {"*", {11, 11}}, {"/", {11, 11}},
    {"//", {11, 11}}, {"%", {11, 11}}, {"^", {14, 13}}};
constexpr int unary_strength = 12;
constexpr int deepest = 250;  // Lua stops at 200

class Reader {
 public:
  explicit Reader(std::string_view source) : tokens_(lua_tokens(source)) { syntax_.functions.push_back({}); }

  Syntax read() {
    scopes_.emplace_back();
    block();
    if (now().kind != TokenKind::end) throw NotUnderstood{};
    return std::move(syntax_);
  }

 private:
  // ---- tokens -------------------------------------------------------------------------------------------
  Token const& now() const { return tokens_[at_]; }
  Token const& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool is(std::string_view word) const {
    return (now().kind == TokenKind::keyword || now().kind == TokenKind::symbol) && now().text == word;
  }
  void step() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool take(std::string_view word) {
    if (!is(word)) return false;
    step();
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) throw NotUnderstood{};
  }
  std::string take_name() {
    if (now().kind != TokenKind::name) throw NotUnderstood{};
    std::string name = now().text;
    step();
    return name;
  }

  struct Depth {
    explicit Depth(int& depth) : depth_(depth) {
      if (++depth_ > deepest) throw NotUnderstood{};
    }
    ~Depth() { --depth_; }
    Depth(Depth const&) = delete;
    Depth& operator=(Depth const&) = delete;
    int& depth_;
  };

  // ---- what is found --------------------------------------------------------------------------------------
  int add(Node node) {
    node.within = function_;
    node.conditional = conditional_ > 0;
    syntax_.nodes.push_back(std::move(node));
    return static_cast<int>(syntax_.nodes.size()) - 1;
  }
  Node& node(int number) { return syntax_.nodes[static_cast<std::size_t>(number)]; }

  int declare(std::string name, int value = none, int parameter = none) {
    int const number = static_cast<int>(syntax_.locals.size());
    scopes_.back()[name] = number;
    syntax_.locals.push_back(
        {.name = std::move(name), .within = function_, .value = value, .parameter = parameter});
    return number;
  }
  int find_local(std::string const& name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
      if (auto const found = scope->find(name); found != scope->end()) return found->second;
    return none;
  }
  void assign(int target, int value) {
    if (node(target).kind == NodeKind::name && node(target).local != none)
      syntax_.locals[static_cast<std::size_t>(node(target).local)].assigned = true;
    syntax_.assignments.push_back({target, value});
  }

  // ---- statements -----------------------------------------------------------------------------------------
  bool block_ends() const {
    return now().kind == TokenKind::end || is("end") || is("else") || is("elseif") || is("until");
  }
  void block() {
    while (!block_ends()) {
      if (take("return")) {
        if (!block_ends() && !is(";")) expressions();
        take(";");
        return;
      }
      statement();
    }
  }
  void scoped_block() {
    scopes_.emplace_back();
    block();
    scopes_.pop_back();
  }
  void conditional_block() {
    ++conditional_;
    scoped_block();
    --conditional_;
  }

  void statement() {
    Depth const depth{depth_};
    if (take(";") || take("break")) return;
    if (take("::")) {
      take_name();
      return expect("::");
    }
    if (take("goto")) {
      take_name();
    } else if (take("do")) {
      scoped_block();
      expect("end");
    } else if (take("while")) {
      expression();
      expect("do");
      conditional_block();
      expect("end");
    } else if (take("repeat")) {
      ++conditional_;
      scopes_.emplace_back();
      block();
      expect("until");
      expression();  // sees the locals of the block
      scopes_.pop_back();
      --conditional_;
    } else if (take("if")) {
      if_statement();
    } else if (take("for")) {
      for_statement();
    } else if (take("function")) {
      function_statement();
    } else if (is("local") && following().text == "function") {
      step();
      Place const at = now().at;
      step();
      int const local = declare(take_name());
      int const body = function_body(at, false);  // sees itself
      syntax_.locals[static_cast<std::size_t>(local)].value = body;
    } else if (take("local")) {
      local_statement();
    } else {
      expression_statement();
    }
  }

  void if_statement() {
    do {
      expression();
      expect("then");
      conditional_block();
    } while (take("elseif"));
    if (take("else")) conditional_block();
    expect("end");
  }

  void for_statement() {
    std::vector<std::string> names{take_name()};
    while (take(",")) names.push_back(take_name());
    if (take("=")) {
      expressions();
    } else {
      expect("in");
      for (int const value : expressions()) syntax_.iterated.push_back(value);
    }
    expect("do");
    ++conditional_;
    scopes_.emplace_back();
    for (std::string& name : names) declare(std::move(name));
    block();
    scopes_.pop_back();
    --conditional_;
    expect("end");
  }

  void function_statement() {
    Place const at = now().at;
    int target = taken_name();
    bool method = false;
    while (is(".") || is(":")) {
      method = take(":");
      if (!method) step();
      Place const key_at = now().at;
      target = add({.kind = NodeKind::index, .at = key_at, .text = take_name(), .children = {target}});
    }
    assign(target, function_body(at, method));
  }

  void local_statement() {
    std::vector<std::string> names;
    do {
      names.push_back(take_name());
      if (take("<")) {
        take_name();
        expect(">");
      }
    } while (take(","));
    std::vector<int> values;
    if (take("=")) values = expressions();
    for (std::size_t i = 0; i < names.size(); ++i) {
      // The last expression may give several values, when it is a call.
      bool const own = i < values.size() && (i + 1 < values.size() || names.size() == values.size());
      declare(std::move(names[i]), own ? values[i] : none);
    }
  }

  void expression_statement() {
    std::vector<int> targets{suffixed()};
    if (!is("=") && !is(",")) return;
    while (take(",")) targets.push_back(suffixed());
    expect("=");
    std::vector<int> const values = expressions();
    for (std::size_t i = 0; i < targets.size(); ++i)
      assign(targets[i], targets.size() == values.size() ? values[i] : none);
  }

  // ---- expressions ----------------------------------------------------------------------------------------
  std::vector<int> expressions() {
    std::vector<int> list{expression()};
    while (take(",")) list.push_back(expression());
    return list;
  }

  int expression(int limit = 0) {
    Depth const depth{depth_};
    int left = operand();
    while (now().kind == TokenKind::symbol || now().kind == TokenKind::keyword) {
      auto const found = binary.find(now().text);
      if (found == binary.end() || found->second.left <= limit) break;
      std::string const symbol = now().text;
      step();
      int const right = expression(found->second.right);
      left = symbol == ".." ? concat(left, right) : operation(symbol, left, right);
    }
    return left;
  }

  // a .. b .. c is one node, in the order of the text.
  int concat(int left, int right) {
    Node both{.kind = NodeKind::concat, .at = node(left).at, .children = {left}};
    if (node(right).kind == NodeKind::concat && node(right).text.empty())
      both.children.insert(both.children.end(), node(right).children.begin(), node(right).children.end());
    else
      both.children.push_back(right);
    return add(std::move(both));
  }
  int operation(std::string const& symbol, int left, int right) {
    return add({.kind = NodeKind::operation, .at = node(left).at, .text = symbol, .children = {left, right}});
  }

  int operand() {
    Place const at = now().at;
    if (is("not") || is("-") || is("#") || is("~")) {
      std::string symbol = now().text;
      step();
      int const inner = expression(unary_strength);
      return add({.kind = NodeKind::operation, .at = at, .text = std::move(symbol), .children = {inner}});
    }
    if (now().kind == TokenKind::string) return string_node();
    if (now().kind == TokenKind::number || is("nil") || is("true") || is("false") || is("...")) {
      Node constant{.kind = NodeKind::constant, .at = at, .text = now().text};
      step();
      return add(std::move(constant));
    }
    if (is("{")) return table();
    if (take("function")) return function_body(at, false);
    return suffixed();
  }

  int string_node() {
    Token const& token = now();
    Node text{.kind = NodeKind::string,
              .at = token.at,
              .text = token.text,
              .content = token.content,
              .verbatim = token.verbatim};
    step();
    return add(std::move(text));
  }

  int taken_name() {
    Place const at = now().at;
    std::string name = take_name();
    int const local = find_local(name);
    return add({.kind = NodeKind::name, .at = at, .text = std::move(name), .local = local});
  }

  int suffixed() {
    int left = none;
    if (take("(")) {
      left = expression();
      expect(")");
      // (a .. b) .. c: the operands of the first are its own.
      if (node(left).kind == NodeKind::concat) node(left).text = "()";
    } else {
      left = taken_name();
    }
    while (true) {
      if (take(".")) {
        Place const at = now().at;
        left = add({.kind = NodeKind::index, .at = at, .text = take_name(), .children = {left}});
      } else if (is("[")) {
        step();
        Place const at = now().at;
        int const key = expression();
        expect("]");
        bool const known = node(key).kind == NodeKind::string;
        left = add({.kind = NodeKind::index,
                    .at = at,
                    .text = known ? node(key).text : "",
                    .children = {left, key},
                    .computed = !known});
      } else if (take(":")) {
        Node method{.kind = NodeKind::method_call, .at = now().at, .text = take_name(), .children = {left}};
        left = add(with_arguments(std::move(method)));
      } else if (is("(") || is("{") || now().kind == TokenKind::string) {
        left = add(with_arguments({.kind = NodeKind::call, .at = node(left).at, .children = {left}}));
      } else {
        return left;
      }
    }
  }

  Node with_arguments(Node call) {
    if (now().kind == TokenKind::string) {
      call.children.push_back(string_node());
    } else if (is("{")) {
      call.children.push_back(table());
    } else {
      expect("(");
      if (!is(")"))
        for (int const argument : expressions()) call.children.push_back(argument);
      expect(")");
    }
    return call;
  }

  int table() {
    Depth const depth{depth_};
    Node made{.kind = NodeKind::table, .at = now().at};
    expect("{");
    while (!is("}")) {
      std::string key;
      if (now().kind == TokenKind::name && following().kind == TokenKind::symbol && following().text == "=") {
        key = take_name();
        step();
      } else if (is("[")) {
        step();
        int const computed = expression();
        if (node(computed).kind == NodeKind::string) key = node(computed).text;
        expect("]");
        expect("=");
      }
      made.children.push_back(expression());
      made.keys.push_back(std::move(key));
      if (!take(",") && !take(";")) break;
    }
    expect("}");
    return add(std::move(made));
  }

  // From the parameters to `end`.
  int function_body(Place at, bool method) {
    Depth const depth{depth_};
    int const number = static_cast<int>(syntax_.functions.size());
    syntax_.functions.push_back({.node = none, .within = function_});
    int const outer = std::exchange(function_, number);
    int const conditions = std::exchange(conditional_, 0);
    scopes_.emplace_back();
    std::vector<int> parameters;
    auto const parameter = [&](std::string name) {
      parameters.push_back(declare(std::move(name), none, static_cast<int>(parameters.size())));
    };
    if (method) parameter("self");
    expect("(");
    while (!is(")")) {
      if (!take("...")) parameter(take_name());
      if (!take(",")) break;
    }
    expect(")");
    block();
    expect("end");
    scopes_.pop_back();
    function_ = outer;
    conditional_ = conditions;
    int const made = add({.kind = NodeKind::function, .at = at, .function = number});
    auto& function = syntax_.functions[static_cast<std::size_t>(number)];
    function.node = made;
    function.parameters = std::move(parameters);
    return made;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Syntax syntax_;
  std::vector<std::map<std::string, int>> scopes_;
  int function_ = 0;
  int conditional_ = 0;
  int depth_ = 0;
};

}  // namespace

int Syntax::field(int table, std::string_view key) const {
  Node const& node = (*this)[table];
  for (std::size_t i = 0; i < node.keys.size(); ++i)
    if (node.keys[i] == key) return node.children[i];
  return none;
}

bool Syntax::is_global(int node, std::string_view name) const {
  return (*this)[node].kind == NodeKind::name && (*this)[node].local == none && (*this)[node].text == name;
}

int Syntax::resolved(int node) const {
  // A local's value stands before it, so this ends.
  while ((*this)[node].kind == NodeKind::name && (*this)[node].local != none) {
    Local const& behind = local((*this)[node].local);
    if (behind.assigned || behind.value == none) break;
    node = behind.value;
  }
  return node;
}

std::optional<Syntax> read_lua(std::string_view source) {
  try {
    return Reader{source}.read();
  } catch (NotUnderstood const&) {
    return std::nullopt;
  }
}

}  // namespace scripting
