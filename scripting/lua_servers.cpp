// `servers` and one server: the list from the registry, and whether each answers.

#include <algorithm>
#include <chrono>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::string const* field_of(fleet::Server const& server, std::string_view key) {
  if (key == "name") return &server.name;
  if (key == "region") return &server.region;
  if (key == "host") return &server.host;
  if (key == "status") return &server.status;
  if (key == "admin_user") return &server.admin_user;
  if (key == "admin_secret_ref") return &server.admin_secret_ref;
  if (key == "id") return &server.id;
  return nullptr;
}

std::vector<std::string> const& condition_keys() {
  static std::vector<std::string> const keys{"name", "region", "host", "status", "admin_user"};
  return keys;
}

void check_condition(std::string const& key) {
  auto const& keys = condition_keys();
  if (std::find(keys.begin(), keys.end(), key) != keys.end()) return;
  Error error{ErrorKind::usage,
              "servers cannot be chosen by \"" + key + "\"; by: name region host status admin_user"};
  std::string near = fleet::nearest(key, keys);
  throw near.empty() ? error : std::move(error).with_hint("did you mean " + near + "?");
}

// The servers a method was called for.
std::vector<fleet::Server> receivers(World& world, Arguments const& arguments) {
  if (auto* server = std::get_if<ServerRef>(&arguments.self)) return {world.fleet.server(server->name)};
  if (auto* servers = std::get_if<ServersRef>(&arguments.self))
    return chosen_servers(world, servers->conditions);
  return chosen_servers(world, {});
}

Answer list(World& world, Arguments const& arguments) {
  auto* servers = std::get_if<ServersRef>(&arguments.self);
  return {server_rows(world, servers ? servers->conditions : std::map<std::string, std::string>{}), {}, {}};
}

Answer get(World&, Arguments const& arguments) { return {ServerRef{arguments.text("server")}, {}, {}}; }

Answer card(World& world, Arguments const& arguments) {
  return {server_card(world, std::get<ServerRef>(arguments.self)), {}, {}};
}

Answer where(World&, Arguments const& arguments) {
  auto* servers = std::get_if<ServersRef>(&arguments.self);
  auto conditions = servers ? servers->conditions : std::map<std::string, std::string>{};
  for (auto const& [key, value] : arguments.json("conditions").items()) {
    check_condition(key);
    conditions[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return {ServersRef{std::move(conditions)}, {}, {}};
}

Answer reach(World& world, Arguments const& arguments) {
  Rows rows{fleet::Result{{{"server"}, {"version"}, {"milliseconds", fleet::type_oid::int8}}}, {}, 0};
  std::vector<fleet::Server> servers = receivers(world, arguments);
  for (fleet::Server const& server : servers) {
    auto began = std::chrono::steady_clock::now();
    try {
      fleet::Result answer =
          world.fleet.read(world.fleet.endpoint(server), "select current_setting('server_version')",
                           world.settings.timeout_ms, world.interrupt.get_token());
      auto elapsed = std::chrono::steady_clock::now() - began;
      auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
      rows.result.append(server.name);
      rows.result.append(answer.value().value_or(""));
      rows.result.append(std::to_string(milliseconds));
    } catch (Error& error) {
      if (error.kind == ErrorKind::interrupted) throw;
      error.server = server.name;
      rows.failures.push_back(error);
    }
  }
  rows.asked = servers.size();
  std::optional<ErrorKind> ended;
  if (!servers.empty() && rows.failures.size() == servers.size()) ended = ErrorKind::connect;
  return {std::move(rows), {}, ended};
}

int server_index(lua_State* lua) {
  std::string name = test_object<ServerRef>(lua, 1)->name;
  std::string_view key = to_text(lua, 2, "what is asked of a server");
  if (key == "name") {
    push_text(lua, name);
    return 1;
  }
  if (push_method_named(lua, "servers", key, Receiver::member)) return 1;
  check_io(lua, "a server's " + std::string{key});
  fleet::Server const& server = state_of(lua).world.fleet.server(name);
  if (std::string const* field = field_of(server, key))
    push_text(lua, *field);
  else if (key == "port")
    lua_pushinteger(lua, server.port);
  else if (key == "capacity_tenants")
    lua_pushinteger(lua, server.capacity_tenants);
  else if (key == "tenants")
    lua_pushinteger(lua, server.tenants);
  else
    throw no_such_member(state_of(lua).registry, "servers", key,
                         {"name", "region", "host", "port", "status", "admin_user", "admin_secret_ref",
                          "capacity_tenants", "tenants", "id"});
  return 1;
}

int server_text(lua_State* lua) {
  auto& state = state_of(lua);
  std::string name = test_object<ServerRef>(lua, 1)->name, text = "<server " + name;
  if (state.world.gate.state() != runbooks::GateState::loading) {
    try {
      fleet::Server const& server = state.world.fleet.server(name);
      text += " " + server.host + ":" + std::to_string(server.port) + " " + server.status;
    } catch (Error const&) {
      text += " ?";  // a name must print even when the registry does not answer
    }
  }
  push_text(lua, text + ">");
  return 1;
}

int server_equal(lua_State* lua) {
  auto *left = test_object<ServerRef>(lua, 1), *right = test_object<ServerRef>(lua, 2);
  lua_pushboolean(lua, left && right && left->name == right->name);
  return 1;
}

int server_call(lua_State* lua) {
  std::string name = test_object<ServerRef>(lua, 1)->name;
  throw no_such_member(state_of(lua).registry, "servers", name);
}

std::vector<std::string> const& read_names(lua_State* lua, Servers& servers) {
  check_io(lua, "listing servers");
  std::vector<std::string> names;
  for (fleet::Server const& server : chosen_servers(state_of(lua).world, servers.conditions))
    names.push_back(server.name);
  servers.names = std::make_shared<std::vector<std::string> const>(std::move(names));
  return *servers.names;
}

int servers_index(lua_State* lua) {
  auto& servers = *test_object<Servers>(lua, 1);
  if (lua_isinteger(lua, 2)) {
    auto at = static_cast<std::size_t>(lua_tointeger(lua, 2)) - 1;
    auto const& names = servers.names && at > 0 ? *servers.names : read_names(lua, servers);
    if (at >= names.size()) return 0;
    push_server(lua, names[at]);
    return 1;
  }
  std::string key{to_text(lua, 2, "a server's name")};
  if (push_method_named(lua, "servers", key, Receiver::collection)) return 1;
  if (key.find_first_of("*?") == std::string::npos) {
    push_server(lua, key);
    return 1;
  }
  Servers chosen{servers.conditions};
  chosen.conditions["name"] = key;
  push_object(lua, std::move(chosen));
  return 1;
}

int servers_length(lua_State* lua) {
  lua_pushinteger(lua, static_cast<lua_Integer>(read_names(lua, *test_object<Servers>(lua, 1)).size()));
  return 1;
}

int servers_text(lua_State* lua) {
  std::string text = "<servers";
  for (auto const& [key, value] : test_object<Servers>(lua, 1)->conditions) text += " " + key + "=" + value;
  push_text(lua, text + ">");
  return 1;
}

// `for server in servers do`: the one after `control`, in the order read when the loop began.
int servers_next(lua_State* lua) {
  auto& servers = *test_object<Servers>(lua, 1);
  if (!lua_isnoneornil(lua, 2))
    throw Error{ErrorKind::usage, "servers is no function"}.with_hint(
        "choose with servers:where{ … }, name one with servers[\"pg-1\"]");
  auto* before = test_object<ServerRef>(lua, 3);
  auto const& names = before && servers.names ? *servers.names : read_names(lua, servers);
  auto at = before ? std::find(names.begin(), names.end(), before->name) : names.begin();
  if (before && at != names.end()) ++at;
  if (at == names.end()) return 0;
  push_server(lua, *at);
  return 1;
}

}  // namespace

std::vector<fleet::Server> chosen_servers(World& world,
                                          std::map<std::string, std::string> const& conditions) {
  std::vector<fleet::Server> chosen;
  for (fleet::Server const& server : world.fleet.servers()) {
    auto fits = [&](auto const& condition) {
      return fleet::matches_glob(condition.second, *field_of(server, condition.first));
    };
    if (std::all_of(conditions.begin(), conditions.end(), fits)) chosen.push_back(server);
  }
  return chosen;
}

Rows server_rows(World& world, std::map<std::string, std::string> const& conditions) {
  namespace oid = fleet::type_oid;
  Rows rows{fleet::Result{{{"name"},
                           {"region"},
                           {"host"},
                           {"port", oid::int4},
                           {"status"},
                           {"tenants", oid::int4},
                           {"capacity_tenants", oid::int4}}},
            {},
            0};
  for (fleet::Server const& server : chosen_servers(world, conditions)) {
    for (std::string const& cell :
         {server.name, server.region, server.host, std::to_string(server.port), server.status,
          std::to_string(server.tenants), std::to_string(server.capacity_tenants)})
      rows.result.append(cell);
  }
  return rows;
}

Card server_card(World& world, ServerRef const& reference) {
  fleet::Server const& server = world.fleet.server(reference.name);
  Card card{"<server " + server.name + " " + server.host + ":" + std::to_string(server.port) + " " +
                server.status + ">",
            {}};
  card.lines = {
      {"region", server.region},
      {"admin", server.admin_user},
      {"admin secret", server.admin_secret_ref},
      {"tenants", std::to_string(server.tenants) + " of " + std::to_string(server.capacity_tenants)}};
  return card;
}

void push_server(lua_State* lua, std::string name) {
  push_cached(lua, "server:" + name, [&] { push_object(lua, ServerRef{std::move(name)}); });
}

void new_server_types(lua_State* lua) {
  constexpr luaL_Reg one[] = {{"__index", guarded<server_index>},
                              {"__tostring", guarded<server_text>},
                              {"__eq", guarded<server_equal>},
                              {"__call", guarded<server_call>},
                              {nullptr, nullptr}};
  new_type<ServerRef>(lua, one);
  constexpr luaL_Reg all[] = {{"__index", guarded<servers_index>},
                              {"__tostring", guarded<servers_text>},
                              {"__len", guarded<servers_length>},
                              {"__call", guarded<servers_next>},
                              {nullptr, nullptr}};
  new_type<Servers>(lua, all);
}

void add_servers(Registry& registry) {
  registry.add(
      Object{"servers", "the PostgreSQL servers that hold tenants: servers[\"pg-1\"], for s in servers do"});
  registry.add(Method{.object = "servers",
                      .name = "list",
                      .returns = "result: name, region, host, port, status, tenants, capacity_tenants",
                      .errors = "connect when the registry cannot be read",
                      .brief = "The registered servers and how full they are.",
                      .example = "servers:list()",
                      .run = list});
  registry.add(Method{.object = "servers",
                      .name = "get",
                      .parameters = {{.name = "server",
                                      .type = Type::server,
                                      .required = true,
                                      .positional = true,
                                      .brief = "its name"}},
                      .returns = "server",
                      .errors = "none; a server that does not exist is noticed at its first use",
                      .brief = "One server by name, also when a method has the same name.",
                      .example = "servers:get(\"pg-1\")",
                      .command_line = false,
                      .io = false,
                      .run = get});
  registry.add(
      Method{.object = "servers",
             .name = "where",
             .parameters = {{.name = "conditions",
                             .type = Type::table,
                             .required = true,
                             .positional = true,
                             .brief = "name, region, host, status, admin_user; values may be globs"}},
             .returns = "servers",
             .errors = "usage for an unknown key",
             .brief = "The servers that fit every condition. Asks nothing yet.",
             .example = "servers:where{ status = \"active\" }:list()",
             .command_line = false,
             .io = false,
             .run = where});
  registry.add(Method{.object = "servers",
                      .name = "card",
                      .returns = "card: region, admin, secret reference, tenants",
                      .errors = "not_found with the nearest name",
                      .brief = "One server in a few lines, from the registry.",
                      .example = "servers[\"pg-1\"]:card()",
                      .receiver = Receiver::member,
                      .command_line = false,
                      .run = card});
  registry.add(
      Method{.object = "servers",
             .name = "reach",
             .returns = "result: server, version, milliseconds; servers that did not answer in .errors",
             .errors = "connect when none answers",
             .brief = "Connects to each server as its admin and asks its version.",
             .example = "servers:reach()",
             .receiver = Receiver::both,
             .run = reach});
}

}  // namespace scripting
