#include "scripting/runbook_values.hpp"

#include <fmt/format.h>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

int run_index(lua_State* lua) {
  auto const& handle = to_object<RunHandle>(lua, 1, "run");
  std::string const key{to_text(lua, 2, "run")};
  runbooks::RunView const& view = *handle.view;
  for (runbooks::Input const& input : handle.runbook->inputs) {
    if (input.name != key) continue;
    push_input(lua, input, view.inputs.value(key, Json{}));
    return 1;
  }
  if (key == "outputs")
    push_object(lua, OutputsHandle{handle.view, handle.runbook});
  else if (key == "id")
    push_text(lua, view.id);
  else if (key == "started")
    push_text(lua, view.started);
  else if (key == "who")
    push_text(lua, view.who);
  else if (key == "runbook")
    push_text(lua, view.runbook);
  else if (key == "item")
    view.item.empty() ? lua_pushnil(lua) : push_text(lua, view.item);
  else {
    std::vector<std::string> known;
    for (runbooks::Input const& input : handle.runbook->inputs) known.push_back(input.name);
    for (std::string const& name : run_members()) known.push_back(name);
    std::string const near = fleet::nearest(key, known);
    throw Error{ErrorKind::usage, fmt::format("run has no \"{}\"; it has: {}", key, fmt::join(known, ", "))}
        .with_hint(near.empty() ? "declare it as an input" : fmt::format("did you mean run.{}?", near));
  }
  return 1;
}

// Outputs of a step that has not run: unknown in a plan, nil when it was skipped, an error for a path that
// the runbook does not have.
int outputs_index(lua_State* lua) {
  auto const& handle = to_object<OutputsHandle>(lua, 1, "run.outputs");
  std::string const path{to_text(lua, 2, "run.outputs")};
  auto const found = handle.view->outputs.find(path);
  if (found != handle.view->outputs.end()) {
    push_json(lua, found->second);
    return 1;
  }
  if (handle.runbook->find(path) == nullptr) {
    std::vector<std::string> known;
    for (runbooks::Step const& step : handle.runbook->steps) known.push_back(step.path);
    throw Error{ErrorKind::usage, fmt::format("no step \"{}\"; there are: {}", path, fmt::join(known, ", "))};
  }
  auto const state = state_of(lua).world.gate.state();
  bool const planned = handle.view->id == "plan" || state == runbooks::GateState::planning;
  if (planned)
    push_value(lua, Unknown{"output of " + path});
  else
    lua_pushnil(lua);
  return 1;
}

runbooks::Target target_of_tenant(World& world, std::string const& slug) {
  return {"tenant " + slug, world.fleet.endpoint(world.fleet.tenant(slug))};
}

runbooks::Target target_of_server(World& world, std::string const& name) {
  return {"server " + name, world.fleet.endpoint(world.fleet.server(name))};
}

std::string text_of(lua_State* lua, int index, char const* key) {
  lua_getfield(lua, index, key);
  std::string text;
  if (auto* secret = test_object<SecretHandle>(lua, -1))
    text = secret->secret.reference();
  else if (auto* server = test_object<ServerRef>(lua, -1))
    text = server->name;
  else if (!lua_isnil(lua, -1))
    text = display_text(lua, -1);
  lua_pop(lua, 1);
  return text;
}

// As for the default of a secret: a plan runs no command that the script names.
void refuse_command_in_plan(lua_State* lua, int index, World& world) {
  lua_getfield(lua, index, "admin_secret");
  bool const named =
      lua_type(lua, -1) == LUA_TSTRING && std::string_view{lua_tostring(lua, -1)}.starts_with("exec:");
  lua_pop(lua, 1);
  if (named && world.gate.state() == runbooks::GateState::planning)
    throw Error{ErrorKind::refused,
                "on: the secret is a command that the script names; a plan does not run it"}
        .with_hint("make it an input of type secret");
}

bool has_unknown_field(lua_State* lua, int index) {
  bool unknown = false;
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    unknown = unknown || test_object<Unknown>(lua, -1) != nullptr;
    lua_pop(lua, 1);
  }
  return unknown;
}

// A database that no registry row names yet: {server = …, database = …} on a registered server, or
// {name, host, port, admin_user, admin_secret, database} on one that is to be registered.
runbooks::Target target_of_table(lua_State* lua, int index, World& world) {
  if (has_unknown_field(lua, index)) return {"‹unknown›", std::nullopt};
  std::string const database = text_of(lua, index, "database");
  if (database.empty()) throw Error{ErrorKind::usage, "on = { … } must name a database"};
  std::string const registered = text_of(lua, index, "server");
  fleet::Server server;
  if (!registered.empty()) {
    server = world.fleet.server(registered);
  } else {
    refuse_command_in_plan(lua, index, world);
    server.name = text_of(lua, index, "name");
    server.host = text_of(lua, index, "host");
    server.port = std::atoi(text_of(lua, index, "port").c_str());
    server.admin_user = text_of(lua, index, "admin_user");
    server.admin_secret_ref = text_of(lua, index, "admin_secret");
  }
  std::string label = database == "postgres" ? "server " + server.name
                                             : fmt::format("database {} on {}", database, server.name);
  return {label, world.fleet.endpoint(server).with_database(database)};
}

}  // namespace

std::vector<std::string> const& run_members() {
  static std::vector<std::string> const members{"outputs", "id", "started", "who", "runbook", "item"};
  return members;
}

void push_input(lua_State* lua, runbooks::Input const& input, runbooks::Json const& value) {
  if (value.is_null())
    lua_pushnil(lua);
  else if (input.type == runbooks::InputType::tenant)
    push_tenant(lua, value.get<std::string>());
  else if (input.type == runbooks::InputType::server)
    push_server(lua, value.get<std::string>());
  else if (input.type == runbooks::InputType::selection)
    push_object(lua, Tenants{fleet::Selection::parse(value.get<std::string>())});
  else if (input.type == runbooks::InputType::secret)
    push_object(lua, SecretHandle{fleet::Secret::parse(value.get<std::string>())});
  else
    push_json(lua, value);
}

runbooks::Target to_target(lua_State* lua, int index) {
  World& world = state_of(lua).world;
  index = absolute(lua, index);
  if (auto* tenant = test_object<TenantRef>(lua, index)) return target_of_tenant(world, tenant->slug);
  if (auto* server = test_object<ServerRef>(lua, index)) return target_of_server(world, server->name);
  if (auto* singleton = test_object<Singleton>(lua, index);
      singleton != nullptr && singleton->object->name == "master")
    return {"master", world.fleet.master()};
  if (test_object<Unknown>(lua, index) != nullptr) return {"‹unknown›", std::nullopt};
  if (lua_type(lua, index) == LUA_TSTRING && std::string_view{lua_tostring(lua, index)} == "master server")
    return {"master server", world.fleet.master_maintenance()};
  if (lua_istable(lua, index)) return target_of_table(lua, index, world);
  throw Error{ErrorKind::usage, fmt::format("on must say where the step acts, not {}", type_text(lua, index))}
      .with_hint("master, \"master server\", a tenant, a server or { server = …, database = … }");
}

void new_run_types(lua_State* lua) {
  static constexpr luaL_Reg run[] = {{"__index", guarded<run_index>}, {nullptr, nullptr}};
  static constexpr luaL_Reg outputs[] = {{"__index", guarded<outputs_index>}, {nullptr, nullptr}};
  new_type<RunHandle>(lua, run);
  new_type<OutputsHandle>(lua, outputs);
}

}  // namespace scripting
