#include "scripting/lua_syntax.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using scripting::lua_tokens;
using scripting::NodeKind;
using scripting::read_lua;
using scripting::Syntax;
using scripting::TokenKind;

namespace {

// "kind@line:column text" for each token but the last.
std::string words(std::string_view source) {
  std::string text;
  for (auto const& token : lua_tokens(source)) {
    if (token.kind == TokenKind::end) break;
    text += std::string{"nksd."}.substr(static_cast<std::size_t>(token.kind), 1) +
            std::to_string(token.at.line) + ":" + std::to_string(token.at.column) + " " + token.text + "|";
  }
  return text;
}

// Calls in the order of the text: "line:column name(arguments)", methods as ":name".
std::string calls(std::string_view source) {
  auto const syntax = read_lua(source);
  if (!syntax) return "not understood";
  std::string text;
  for (auto const& node : syntax->nodes) {
    if (node.kind != NodeKind::call && node.kind != NodeKind::method_call) continue;
    text += std::to_string(node.at.line) + ":" + std::to_string(node.at.column) + " " +
            (node.kind == NodeKind::call ? (*syntax)[node.children[0]].text : ":" + node.text) + "/" +
            std::to_string(node.children.size() - 1) + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("tokens of Lua") {
  CHECK(words("a.b = 'x'") == "n1:1 a|.1:2 .|n1:3 b|.1:5 =|s1:7 x|");
  CHECK(words("x = [==[\nline]]\n]==] y") == "n1:1 x|.1:3 =|s1:5 line]]\n|n3:6 y|");
  CHECK(words("-- gone\n--[[ gone\n too ]] z --[==[x]==]") == "n3:9 z|");
  CHECK(words(R"('\65\x42\u{20AC}\z
      c\n\'')") == "s1:1 AB\u20ACc\n'|");
  CHECK(words("0x1p-4 3e+2 .5 1..2") == "d1:1 0x1p-4|d1:8 3e+2|d1:13 .5|d1:16 1..2|");
  CHECK(words("a//b>>1~=c...") == "n1:1 a|.1:2 //|n1:4 b|.1:5 >>|d1:7 1|.1:8 ~=|n1:10 c|.1:11 ...|");
  CHECK(words("\xEF\xBB\xBF#!/usr/bin/env tenantsh\r\nx\r\ny") == "n2:1 x|n3:1 y|");
  CHECK(words("'ü' z") == "s1:1 ü|n1:5 z|");
  CHECK(words("'never closed") == "s1:1 never closed|");
  CHECK(words("[[never closed") == "s1:1 never closed|");
  CHECK(words(std::string_view{"\0\xff", 2}).size() > 0);
  CHECK(words("") == "");
}

TEST_CASE("calls, whatever their spelling") {
  CHECK(calls("f 'x' {} (1, 2)") == "1:1 f/1 1:1 /1 1:1 /2 ");
  CHECK(calls("a.b:c{ d() }\n  :e'x'") == "1:8 d/0 1:5 :c/1 2:4 :e/1 ");
  CHECK(calls("return function(...) return f(...) end") == "1:29 f/1 ");
  CHECK(calls("local x <const>, y <close> = f(), g()") == "1:30 f/0 1:35 g/0 ");
  CHECK(calls("goto done; do f() end ::done:: repeat local a = g() until h(a)") ==
        "1:15 f/0 1:49 g/0 1:59 h/1 ");
  CHECK(calls("for i = f(), 2 do end for k, v in g() do h(k) end") == "1:9 f/0 1:35 g/0 1:42 h/1 ");
  CHECK(calls("if f() then g() elseif h() then i() else j() end while k() do break end") ==
        "1:4 f/0 1:13 g/0 1:24 h/0 1:33 i/0 1:42 j/0 1:56 k/0 ");
  CHECK(calls("function a.b:c(x) self.y = x // 2 ~ 3 & 4 << 1 | #x end") == "");
  CHECK(calls("t = { f(), x = g(), [h()] = 1; i() }") == "1:7 f/0 1:16 g/0 1:22 h/0 1:32 i/0 ");
  CHECK(calls("x = -f() ^ -g() .. (not h())") == "1:6 f/0 1:13 g/0 1:25 h/0 ");
}

TEST_CASE("names know what they are") {
  auto const syntax = read_lua("local a = 'x'\nlocal function f(b) return a, b, c end\na = 2 g = f");
  REQUIRE(syntax);
  std::string text;
  for (auto const& node : syntax->nodes)
    if (node.kind == NodeKind::name)
      text += node.text + (node.local == scripting::none ? "?" : std::to_string(node.local)) + " ";
  CHECK(text == "a0 b2 c? a0 g? f1 ");
  CHECK(syntax->local(0).assigned);
  CHECK_FALSE(syntax->local(1).assigned);
  CHECK(syntax->local(2).parameter == 0);
  CHECK(syntax->functions.size() == 2);
}

TEST_CASE("a local is followed to its value, unless it changes") {
  auto const syntax = read_lua("local a = 'x' local b = a local c = 'y' c = 1 return b, c");
  REQUIRE(syntax);
  int const last = static_cast<int>(syntax->nodes.size()) - 1;
  CHECK((*syntax)[syntax->resolved(last - 1)].text == "x");
  CHECK((*syntax)[syntax->resolved(last)].kind == NodeKind::name);
}

TEST_CASE("a concatenation is one list in the order of the text") {
  auto const syntax = read_lua("return 'a' .. b .. ('c' .. d) .. 'e'");
  REQUIRE(syntax);
  CHECK(syntax->nodes.back().kind == NodeKind::concat);
  CHECK(syntax->nodes.back().children.size() == 4);
}

TEST_CASE("long and deep text costs no stack") {
  std::string sum = "return 1", chain = "return a", statements, parentheses = "return ";
  for (int i = 0; i < 200000; ++i) {
    sum += "+1";
    chain += ".b";
    statements += "f()\n";
  }
  CHECK(read_lua(sum));
  CHECK(read_lua(chain));
  CHECK(read_lua(statements));
  parentheses += std::string(10000, '(') + "1" + std::string(10000, ')');
  CHECK_FALSE(read_lua(parentheses));
  CHECK_FALSE(read_lua("return " + std::string(10000, '{') + std::string(10000, '}')));
}

TEST_CASE("text that is no Lua is not understood, and ends") {
  for (char const* text :
       {"x =", "if", "f(", "return return", "local 1", "a.b", "= 3", "\"", "for x", "::"}) {
    CAPTURE(text);
    (void)read_lua(text);
  }
  CHECK_FALSE(read_lua("f("));
  CHECK_FALSE(read_lua("end"));
}
