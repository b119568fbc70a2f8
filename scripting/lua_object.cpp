// Objects without members of their own (fleet, master, migrations, …), cards, and the unknown values of a
// plan.

#include "scripting/conversion.hpp"
#include "scripting/help.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// What an object has beside methods, without I/O.
std::string field_of(World& world, std::string_view object, std::string_view key) {
  if (object != "fleet") return {};
  if (key == "name") return world.fleet.environment().name;
  if (key == "guard") return std::string{to_string(world.fleet.environment().guard)};
  if (key == "colour") return world.fleet.environment().colour;
  return {};
}

int singleton_index(lua_State* lua) {
  auto& state = state_of(lua);
  std::string const& object = test_object<Singleton>(lua, 1)->object->name;
  std::string_view key = to_text(lua, 2, "what is asked of " + object);
  if (push_method_named(lua, object, key, Receiver::collection)) return 1;
  if (std::string field = field_of(state.world, object, key); !field.empty()) {
    push_text(lua, field);
    return 1;
  }
  throw no_such_member(state.registry, object, key);
}

// sql("select 1"): the object called is its main method.
int singleton_call(lua_State* lua) {
  auto& state = state_of(lua);
  Object const& object = *test_object<Singleton>(lua, 1)->object;
  Method const* method = object.call.empty() ? nullptr : state.registry.find(object.name, object.call);
  if (!method)
    throw Error{ErrorKind::usage, object.name + " is no function"}.with_hint("help\"" + object.name +
                                                                             "\" lists its methods");
  return call_from_lua(lua, *method);
}

int singleton_text(lua_State* lua) {
  push_text(lua, "<" + test_object<Singleton>(lua, 1)->object->name + ">");
  return 1;
}

int card_text(lua_State* lua) {
  push_text(lua, test_object<Card>(lua, 1)->title);
  return 1;
}

int card_index(lua_State* lua) {
  auto& card = *test_object<Card>(lua, 1);
  std::string_view key = to_text(lua, 2, "a card's line");
  for (auto const& [name, value] : card.lines) {
    if (name != key) continue;
    push_text(lua, value);
    return 1;
  }
  std::string names;
  for (auto const& [name, value] : card.lines) names += " " + name;
  throw Error{ErrorKind::usage, "the card has no line \"" + std::string{key} + "\"; it has:" + names};
}

Unknown const& unknown_at(lua_State* lua) {
  auto* left = test_object<Unknown>(lua, 1);
  return left ? *left : *test_object<Unknown>(lua, 2);
}

int unknown_again(lua_State* lua) {
  push_object(lua, Unknown{unknown_at(lua)});
  return 1;
}

// A `for … in unknown` calls it with (nil, nil) and then with what it got: the loop ends at once.
int unknown_call(lua_State* lua) {
  if (lua_gettop(lua) == 3 && lua_isnil(lua, 2) && lua_isnil(lua, 3)) return 0;
  return unknown_again(lua);
}

int unknown_compare(lua_State* lua) {
  throw Error{ErrorKind::pending,
              "a plan cannot decide by a value that is not known yet: " + unknown_at(lua).what};
}

int unknown_assign(lua_State*) { return 0; }

int unknown_text(lua_State* lua) {
  push_text(lua, "‹unknown: " + unknown_at(lua).what + "›");
  return 1;
}

int end_of_pairs(lua_State*) { return 0; }

int unknown_pairs(lua_State* lua) {
  lua_pushcfunction(lua, end_of_pairs);
  return 1;
}

}  // namespace

void new_singleton_type(lua_State* lua) {
  constexpr luaL_Reg functions[] = {{"__index", guarded<singleton_index>},
                                    {"__call", guarded<singleton_call>},
                                    {"__tostring", guarded<singleton_text>},
                                    {nullptr, nullptr}};
  new_type<Singleton>(lua, functions);
  constexpr luaL_Reg card_functions[] = {
      {"__index", guarded<card_index>}, {"__tostring", guarded<card_text>}, {nullptr, nullptr}};
  new_type<Card>(lua, card_functions);
}

void new_unknown_type(lua_State* lua) {
  constexpr luaL_Reg functions[] = {
      {"__index", guarded<unknown_again>},   {"__newindex", guarded<unknown_assign>},
      {"__call", guarded<unknown_call>},     {"__concat", guarded<unknown_again>},
      {"__len", guarded<unknown_again>},     {"__add", guarded<unknown_again>},
      {"__sub", guarded<unknown_again>},     {"__mul", guarded<unknown_again>},
      {"__div", guarded<unknown_again>},     {"__mod", guarded<unknown_again>},
      {"__pow", guarded<unknown_again>},     {"__unm", guarded<unknown_again>},
      {"__idiv", guarded<unknown_again>},    {"__lt", guarded<unknown_compare>},
      {"__le", guarded<unknown_compare>},    {"__pairs", guarded<unknown_pairs>},
      {"__tostring", guarded<unknown_text>}, {nullptr, nullptr}};
  new_type<Unknown>(lua, functions);
}

Value singleton_value(lua_State* lua, Singleton const& singleton) {
  auto& state = state_of(lua);
  if (singleton.object->name == "fleet") return fleet_card(state.world);
  if (singleton.object->name == "master") return master_card(state.world);
  return Json(help_text(state.registry, singleton.object->name));
}

void push_cached(lua_State* lua, std::string const& key, std::function<void()> const& make) {
  static char const handles = 0;  // its address is the key in Lua's registry
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &handles) != LUA_TTABLE) {
    lua_pop(lua, 1);
    lua_newtable(lua);
    lua_createtable(lua, 0, 1);
    lua_pushliteral(lua, "v");
    lua_setfield(lua, -2, "__mode");
    lua_setmetatable(lua, -2);
    lua_pushvalue(lua, -1);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &handles);
  }
  if (lua_getfield(lua, -1, key.c_str()) == LUA_TNIL) {
    lua_pop(lua, 1);
    make();
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, key.c_str());
  }
  lua_remove(lua, -2);
}

void check_io(lua_State* lua, std::string const& what) {
  if (state_of(lua).world.gate.state() == runbooks::GateState::loading)
    throw Error{ErrorKind::refused, what + " does I/O; a runbook may only declare while it is loaded"}
        .with_hint("use it inside a step");
}

std::string receiver_text(Value const& self) {
  if (auto* tenant = std::get_if<TenantRef>(&self)) return tenant->slug;
  if (auto* server = std::get_if<ServerRef>(&self)) return server->name;
  if (auto* tenants = std::get_if<TenantsRef>(&self)) return tenants->selection.text();
  return {};
}

fleet::Selection receiver_selection(Arguments const& arguments) {
  if (arguments.has("tenants")) return arguments.selection("tenants");
  if (auto* tenant = std::get_if<TenantRef>(&arguments.self))
    return fleet::Selection::of_slugs({tenant->slug});
  if (auto* tenants = std::get_if<TenantsRef>(&arguments.self)) return tenants->selection;
  return fleet::Selection::all();
}

Value printable(World& world, Value value) {
  if (std::holds_alternative<TenantRef>(value) || std::holds_alternative<ServerRef>(value))
    return card_of(world, value);
  if (auto* tenants = std::get_if<TenantsRef>(&value)) {
    std::vector<std::string> notes;
    return tenant_rows(world, tenants->selection, notes);
  }
  if (auto* servers = std::get_if<ServersRef>(&value)) return server_rows(world, servers->conditions);
  return value;
}

Card card_of(World& world, Value const& value) {
  if (auto* tenant = std::get_if<TenantRef>(&value)) return tenant_card(world, *tenant);
  if (auto* server = std::get_if<ServerRef>(&value)) return server_card(world, *server);
  throw Error{ErrorKind::usage, "only a tenant or a server has a card"};
}

}  // namespace scripting
