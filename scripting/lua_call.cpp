// A call of a registry row from Lua: the receiver before the colon, arguments by position or in one table of
// options at the end, then the choke point (method.hpp).

#include <fmt/format.h>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// What Lua handed over, before it is checked against the row.
struct Given {
  std::map<std::string, Json> values;
  std::map<std::string, fleet::Selection>
      selections;  // given as handles, which have no text that says it all
  std::map<std::string, std::shared_ptr<Rows const>> results;
  bool unknown = false;  // an argument is not known yet (planning)
};

std::string full_name(Method const& method) { return method.object + ":" + method.name; }

bool takes_table(Type type) {
  return type == Type::table || type == Type::list || type == Type::selection || type == Type::any;
}

Parameter const* find_parameter(Method const& method, std::string_view name) {
  for (Parameter const& parameter : method.parameters)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

bool is_option_name(Method const& method, std::string_view name) {
  return find_parameter(method, name) ||
         (method.effect != Effect::read && (name == "plan" || name == "reason"));
}

// A table of options has text keys only and at least one that the method declares.
bool looks_like_options(lua_State* lua, int index, Method const& method) {
  bool known = false;
  lua_pushnil(lua);
  while (lua_next(lua, index)) {
    lua_pop(lua, 1);
    if (lua_type(lua, -1) != LUA_TSTRING) {
      lua_pop(lua, 1);
      return false;
    }
    known = known || is_option_name(method, lua_tostring(lua, -1));
  }
  return known;
}

// `{ status = "active", region = "eastus2" }` in the one spelling of a selection.
std::string conditions_text(Json const& json) {
  std::string text;
  for (auto const& [key, value] : json.items()) {
    if (!text.empty()) text += ",";
    text += key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

void take(lua_State* lua, int index, std::string const& name, Parameter const* parameter, Given& given) {
  if (test_object<Unknown>(lua, index)) given.unknown = true;
  Type type = parameter ? parameter->type : Type::any;
  if (type == Type::selection) {
    if (auto* tenants = test_object<Tenants>(lua, index))
      given.selections.insert_or_assign(name, tenants->selection);
    else if (auto* tenant = test_object<TenantRef>(lua, index))
      given.selections.insert_or_assign(name, fleet::Selection::of_slugs({tenant->slug}));
  }
  if (auto* result = test_object<ResultHandle>(lua, index); result && type == Type::result) {
    given.results.insert_or_assign(name, result->rows);
    given.values[name] = given_as_result;
    return;
  }
  Json json = to_json(lua, index);
  if (type == Type::selection && json.is_array()) {
    std::vector<std::string> slugs;
    for (Json const& slug : json) slugs.push_back(slug.is_string() ? slug.get<std::string>() : slug.dump());
    given.selections.insert_or_assign(name, fleet::Selection::of_slugs(slugs));
    json = given.selections.at(name).text();
  } else if (type == Type::selection && json.is_object()) {
    json = conditions_text(json);
  }
  given.values[name] = std::move(json);
}

void take_options(lua_State* lua, int index, Method const& method, Given& given) {
  lua_pushnil(lua);
  while (lua_next(lua, index)) {
    if (lua_type(lua, -2) != LUA_TSTRING)
      throw Error{ErrorKind::usage, full_name(method) + ": options have names, not positions"};
    std::string name = lua_tostring(lua, -2);
    take(lua, absolute(lua, -1), name, find_parameter(method, name), given);
    lua_pop(lua, 1);
  }
}

Given gather(lua_State* lua, Method const& method) {
  Given given;
  auto next = method.parameters.begin();
  auto to_positional = [&] {
    while (next != method.parameters.end() && !next->positional) ++next;
    return next != method.parameters.end();
  };
  int count = lua_gettop(lua);
  for (int index = 2; index <= count; ++index) {
    bool positional = to_positional();
    bool options = lua_istable(lua, index) && index == count &&
                   (!positional || !takes_table(next->type) ||
                    (next->type != Type::table && looks_like_options(lua, index, method)));
    if (options) {
      take_options(lua, index, method, given);
    } else if (!positional) {
      throw Error{ErrorKind::usage,
                  full_name(method) + " takes no argument number " + std::to_string(index - 1)};
    } else {
      if (!lua_isnil(lua, index)) take(lua, index, next->name, &*next, given);
      ++next;
    }
  }
  return given;
}

// The receiver as a value. Throws when what stands before the colon is no object of that name.
Value receiver(lua_State* lua, Method const& method, std::shared_ptr<Rows const>& rows) {
  if (method.object == "result") {
    if (auto* result = test_object<ResultHandle>(lua, 1)) {
      rows = result->rows;
      return std::monostate{};
    }
  } else if (method.object == "tenants") {
    if (auto* tenant = test_object<TenantRef>(lua, 1)) return *tenant;
    if (auto* tenants = test_object<Tenants>(lua, 1)) return TenantsRef{tenants->selection};
  } else if (method.object == "servers") {
    if (auto* server = test_object<ServerRef>(lua, 1)) return *server;
    if (auto* servers = test_object<Servers>(lua, 1)) return ServersRef{servers->conditions};
  } else if (auto* singleton = test_object<Singleton>(lua, 1)) {
    if (singleton->object->name == method.object) return std::monostate{};
  }
  throw Error{ErrorKind::usage, fmt::format("{}.{} needs its object: write {}:{}(…), with a colon",
                                            method.object, method.name, method.object, method.name)};
}

void check_receiver(Method const& method, Value const& self) {
  bool member = std::holds_alternative<TenantRef>(self) || std::holds_alternative<ServerRef>(self);
  if (method.receiver == Receiver::both || member == (method.receiver == Receiver::member)) return;
  throw Error{ErrorKind::usage, full_name(method) + (member ? " is asked of all of them, not of one"
                                                            : " is asked of one, not of all")};
}

int call_method(lua_State* lua) {
  return call_from_lua(lua, *static_cast<Method const*>(lua_touserdata(lua, lua_upvalueindex(1))));
}

int call_word(lua_State* lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  return call_from_lua(lua, *static_cast<Method const*>(lua_touserdata(lua, lua_upvalueindex(2))));
}

// In a plan, an effect whose input is not known yet is recorded by name; a read of it is unknown too.
int call_with_unknown(lua_State* lua, Method const& method, Given const& given) {
  auto& gate = state_of(lua).world.gate;
  if (method.effect != Effect::read) {
    std::string line = full_name(method) + " {";
    for (auto const& [name, value] : given.values)
      line += " " + name + " = " + value.dump(-1, ' ', false, Json::error_handler_t::replace);
    gate.record(line + " }");
  }
  push_object(lua, Unknown{method.object + "." + method.name});
  return 1;
}

}  // namespace

int call_from_lua(lua_State* lua, Method const& method) {
  auto& state = state_of(lua);
  std::shared_ptr<Rows const> rows;
  Value self = receiver(lua, method, rows);
  check_receiver(method, self);
  Given given = gather(lua, method);
  if (given.unknown && state.world.gate.state() == runbooks::GateState::planning)
    return call_with_unknown(lua, method, given);
  Arguments arguments = check_arguments(method, std::move(self), given.values);
  arguments.rows = std::move(rows);
  for (auto& [name, selection] : given.selections) arguments.set_selection(name, selection);
  for (auto& [name, result] : given.results) arguments.set_result(name, std::move(result));
  if (!method.native) {
    push_answer(lua, call(state.world, method, arguments));
    return 1;
  }
  if (auto instead = permit(state.world, method, arguments)) {
    push_answer(lua, std::move(*instead));
    return 1;
  }
  return method.native(lua, state.world, arguments);
}

Method const* method_of(lua_State* lua, int index) {
  if (lua_tocfunction(lua, index) != guarded<call_method> || !lua_getupvalue(lua, index, 1)) return nullptr;
  auto const* method = static_cast<Method const*>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  return method;
}

void push_shell_word(lua_State* lua, std::string_view name) {
  push_object(lua, Singleton{state_of(lua).registry.find_object("shell")});
  lua_pushlightuserdata(lua, const_cast<Method*>(state_of(lua).registry.find("shell", name)));
  lua_pushcclosure(lua, guarded<call_word>, 2);
}

void push_method(lua_State* lua, Method const& method) {
  auto* key = const_cast<Method*>(&method);
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, key) != LUA_TNIL) return;
  lua_pop(lua, 1);
  lua_pushlightuserdata(lua, key);
  lua_pushcclosure(lua, guarded<call_method>, 1);
  lua_pushvalue(lua, -1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, key);
}

bool push_method_named(lua_State* lua, std::string_view object, std::string_view key, Receiver receiver) {
  Method const* method = state_of(lua).registry.find(object, key);
  if (!method || (method->receiver != Receiver::both && method->receiver != receiver)) return false;
  push_method(lua, *method);
  return true;
}

Error no_such_member(Registry const& registry, std::string_view object, std::string_view key,
                     std::vector<std::string> also) {
  std::vector<std::string> known = registry.method_names(object);
  known.insert(known.end(), also.begin(), also.end());
  std::string names;
  for (std::string const& name : known) names += " " + name;
  Error error{ErrorKind::usage, fmt::format("{} has no \"{}\"; it has:{}", object, key, names)};
  std::string near = fleet::nearest(key, known);
  return near.empty() ? error : std::move(error).with_hint("did you mean " + near + "?");
}

}  // namespace scripting
