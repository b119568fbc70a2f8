#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/runbook_body.hpp"
#include "scripting/runbook_values.hpp"
#include "scripting/state.hpp"

namespace scripting {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::Json;

int call_body(Body const& body, runbooks::RunView const& view, Json const* outputs, fleet::Session* session,
              BodyOrder order) {
  lua_State* lua = body.lua;
  int const top = lua_gettop(lua);
  body.function->push(lua);
  int const first = lua_gettop(lua) + 1;
  push_object(lua, RunHandle{&view, body.runbook});
  if (outputs != nullptr && outputs->is_discarded())
    push_value(lua, Unknown{"output of the step"});
  else if (outputs != nullptr)
    push_json(lua, *outputs);
  auto current = std::make_shared<fleet::Session*>(session);
  auto& database = push_object(lua, StepDatabase{current, &view});
  // A script that keeps `db` beyond its function must not reach a session that is gone.
  struct Detach {
    StepDatabase& database;
    ~Detach() { database.session.reset(); }
  } detach{database};
  lua_pushvalue(lua, -1);
  Kept alive{lua};
  if (order == BodyOrder::database_first) lua_insert(lua, first);
  protected_call(lua, lua_gettop(lua) - first + 1, LUA_MULTRET);
  return lua_gettop(lua) - top;
}

Json call_for_json(Body const& body, runbooks::RunView const& view, fleet::Session* session,
                   BodyOrder order) {
  StackGuard guard{body.lua};
  int const results = call_body(body, view, nullptr, session, order);
  if (results == 0) return nullptr;
  int const first = guard.top + 1;
  if (test_object<Unknown>(body.lua, first) != nullptr) return nullptr;
  return to_json(body.lua, first);
}

Body take_function(lua_State* lua, int index, runbooks::Runbook const& runbook, std::string const& what) {
  if (!lua_isfunction(lua, index))
    throw Error{ErrorKind::usage, fmt::format("{} must be a function, not {}", what, type_text(lua, index))};
  lua_pushvalue(lua, index);
  lua_State* main = state_of(lua).lua;
  return {std::make_shared<Kept>(lua), main, &runbook, what};
}

std::vector<std::string> keys_of(lua_State* lua, int index) {
  std::vector<std::string> keys;
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    lua_pop(lua, 1);
    keys.push_back(lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1)
                                                    : "[" + display_text(lua, -1) + "]");
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void refuse_unknown_keys(lua_State* lua, int index, std::string const& what,
                         std::vector<std::string> const& known) {
  if (!lua_istable(lua, index))
    throw Error{ErrorKind::usage, fmt::format("{} takes a table, not {}", what, type_text(lua, index))};
  for (std::string const& key : keys_of(lua, index)) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string const near = fleet::nearest(key, known);
    throw Error{ErrorKind::usage,
                fmt::format("{} has no key \"{}\"; it has: {}", what, key, fmt::join(known, ", "))}
        .with_hint(near.empty() ? "" : fmt::format("did you mean {}?", near));
  }
}

std::string text_field(lua_State* lua, int index, char const* key, std::string const& what) {
  lua_getfield(lua, index, key);
  std::string text;
  if (!lua_isnil(lua, -1)) text = std::string{to_text(lua, -1, what + ": " + key)};
  lua_pop(lua, 1);
  return text;
}

std::optional<std::chrono::milliseconds> interval_field(lua_State* lua, int index, char const* key,
                                                        std::string const& what) {
  std::string const text = text_field(lua, index, key, what);
  if (text.empty()) return std::nullopt;
  if (auto const interval = fleet::parse_interval(text)) return *interval;
  throw Error{ErrorKind::usage, fmt::format("{}: {} \"{}\" is no interval", what, key, text)}.with_hint(
      "a number and s, m, h or d: 30s, 15m");
}

int count_field(lua_State* lua, int index, char const* key, std::string const& what) {
  lua_getfield(lua, index, key);
  int whole = 0;
  lua_Integer const count = lua_isnil(lua, -1) ? 0 : lua_tointegerx(lua, -1, &whole);
  bool const good = lua_isnil(lua, -1) || (whole != 0 && count >= 0 && count <= 1'000'000);
  std::string const given = good ? "" : display_text(lua, -1);
  lua_pop(lua, 1);
  if (!good)
    throw Error{ErrorKind::usage, fmt::format("{}: {} must be a whole number, not {}", what, key, given)};
  return static_cast<int>(count);
}

bool flag_field(lua_State* lua, int index, char const* key, std::string const& what) {
  lua_getfield(lua, index, key);
  bool const flag = !lua_isnil(lua, -1) && to_boolean(lua, -1, what + ": " + key);
  lua_pop(lua, 1);
  return flag;
}

namespace {

void add_function(lua_State* lua, int index, std::vector<std::string> const& lines,
                  std::set<void const*>& seen, std::string& text);

// A local that the function uses: a helper by its lines, a constant or a table of them by its value.
void add_value(lua_State* lua, int index, std::vector<std::string> const& lines, std::set<void const*>& seen,
               std::string& text) {
  index = lua_absindex(lua, index);
  switch (lua_type(lua, index)) {
    case LUA_TFUNCTION: add_function(lua, index, lines, seen, text); break;
    case LUA_TSTRING:
    case LUA_TNUMBER:
    case LUA_TBOOLEAN: text += display_text(lua, index) + "\n"; break;
    case LUA_TTABLE:
      if (!seen.insert(lua_topointer(lua, index)).second) break;
      for (std::string const& key : keys_of(lua, index)) {
        if (key.starts_with("[")) continue;
        lua_getfield(lua, index, key.c_str());
        text += key + "=";
        add_value(lua, -1, lines, seen, text);
        lua_pop(lua, 1);
      }
      for (lua_Integer i = 1; i <= static_cast<lua_Integer>(lua_rawlen(lua, index)); ++i) {
        lua_rawgeti(lua, index, i);
        add_value(lua, -1, lines, seen, text);
        lua_pop(lua, 1);
      }
      break;
    default: break;  // objects: what they are is not part of the script
  }
}

void add_function(lua_State* lua, int index, std::vector<std::string> const& lines,
                  std::set<void const*>& seen, std::string& text) {
  index = lua_absindex(lua, index);
  if (lua_iscfunction(lua, index) || !seen.insert(lua_topointer(lua, index)).second) return;
  lua_Debug about{};
  lua_pushvalue(lua, index);
  lua_getinfo(lua, ">S", &about);
  for (int line = about.linedefined;
       line >= 1 && line <= about.lastlinedefined && line <= static_cast<int>(lines.size()); ++line) {
    std::string const& whole = lines[static_cast<std::size_t>(line) - 1];
    // What stands before it on its first line, a step's name for one, is not the function.
    auto const begin = line == about.linedefined ? whole.find("function") : 0;
    text += whole.substr(begin == whole.npos ? 0 : begin) + "\n";
  }
  for (int i = 1; char const* name = lua_getupvalue(lua, index, i); ++i) {
    if (std::string_view{name} != "_ENV") add_value(lua, -1, lines, seen, text);
    lua_pop(lua, 1);
  }
}

}  // namespace

std::string source_of(lua_State* lua, int index, std::vector<std::string> const& lines) {
  std::string text;
  std::set<void const*> seen;
  add_function(lua, index, lines, seen, text);
  return text;
}

}  // namespace scripting
