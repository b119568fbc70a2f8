#include "scripting/runbook_steps.hpp"

#include <fmt/format.h>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/runbook_body.hpp"
#include "scripting/runbook_values.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::GateState;
using runbooks::Json;

// true/false, "done"/"not_done"/"broken", then evidence, then outputs.
runbooks::ProbeResult call_probe(Body const& body, runbooks::RunView const& view, fleet::Session* session) {
  StackGuard guard{body.lua};
  int const results = call_body(body, view, nullptr, session);
  lua_State* lua = body.lua;
  lua_settop(lua, guard.top + 3);
  int const first = guard.top + 1;
  runbooks::ProbeResult result;
  if (results >= 2 && !lua_isnil(lua, first + 1)) result.evidence = display_text(lua, first + 1);
  if (results >= 3 && !lua_isnil(lua, first + 2)) result.outputs = to_json(lua, first + 2);
  if (results == 0 || test_object<Unknown>(lua, first) != nullptr || lua_isnil(lua, first)) return result;
  if (lua_isboolean(lua, first)) {
    result.state =
        lua_toboolean(lua, first) != 0 ? runbooks::ProbeState::done : runbooks::ProbeState::not_done;
    return result;
  }
  std::string const word = lua_type(lua, first) == LUA_TSTRING ? lua_tostring(lua, first) : "";
  if (word == "done")
    result.state = runbooks::ProbeState::done;
  else if (word == "not_done")
    result.state = runbooks::ProbeState::not_done;
  else if (word == "broken")
    result.state = runbooks::ProbeState::broken;
  else
    throw Error{ErrorKind::usage, fmt::format("{} returned {}", body.what, type_text(lua, first))}.with_hint(
        "a probe returns true or false, or \"done\", \"not_done\", \"broken\", then a line of evidence");
  return result;
}

std::vector<std::string> const step_keys = {"on",
                                            "tx",
                                            "effect",
                                            "manual",
                                            "probe",
                                            "when",
                                            "pre",
                                            "verify",
                                            "confirm",
                                            "each",
                                            "read_only",
                                            "destructive",
                                            "point_of_no_return",
                                            "undo",
                                            "release",
                                            "timeout",
                                            "max_failures"};

// each = function(run) return tenants:where{ … } end, or a list of names.
std::vector<std::string> call_each(Body const& body, runbooks::RunView const& view) {
  StackGuard guard{body.lua};
  int const results = call_body(body, view, nullptr, nullptr);
  int const first = guard.top + 1;
  std::vector<std::string> items;
  if (results == 0 || test_object<Unknown>(body.lua, first) != nullptr) return items;
  if (auto* selected = test_object<Tenants>(body.lua, first)) {
    for (auto const& tenant :
         fleet::choose(state_of(body.lua).world.fleet.tenants(), selected->selection).tenants)
      items.push_back(tenant.slug);
    return items;
  }
  if (!lua_istable(body.lua, first))
    throw Error{ErrorKind::usage, fmt::format("{} returned {}", body.what, type_text(body.lua, first))}
        .with_hint("a list of names, or tenants:where{…}");
  for (lua_Integer i = 1; i <= luaL_len(body.lua, first); ++i) {
    lua_geti(body.lua, first, i);
    if (auto* tenant = test_object<TenantRef>(body.lua, -1))
      items.push_back(tenant->slug);
    else if (auto* server = test_object<ServerRef>(body.lua, -1))
      items.push_back(server->name);
    else
      items.emplace_back(to_text(body.lua, -1, body.what));
    lua_pop(body.lua, 1);
  }
  return items;
}

void read_kind(lua_State* lua, int index, std::string const& what, runbooks::Step& step) {
  int kinds = 0;
  for (auto const& [key, kind] :
       {std::pair{"tx", runbooks::StepKind::tx}, std::pair{"effect", runbooks::StepKind::effect},
        std::pair{"manual", runbooks::StepKind::manual}}) {
    lua_getfield(lua, index, key);
    if (!lua_isnil(lua, -1)) {
      ++kinds;
      step.kind = kind;
    }
    lua_pop(lua, 1);
  }
  if (kinds != 1)
    throw Error{ErrorKind::usage,
                fmt::format("{} needs exactly one of tx, effect and manual, it has {}", what, kinds)};
  if (step.kind == runbooks::StepKind::manual) step.instructions = text_field(lua, index, "manual", what);
}

void read_target(lua_State* lua, int index, runbooks::Runbook const& runbook, std::string const& what,
                 runbooks::Step& step) {
  lua_getfield(lua, index, "on");
  if (lua_isnil(lua, -1)) {
    if (step.kind == runbooks::StepKind::tx)
      throw Error{ErrorKind::usage, fmt::format("{} is a tx step and must say on = …", what)}.with_hint(
          "on = master, or a function that returns a tenant, a server or a database");
    lua_pop(lua, 1);
    return;
  }
  if (lua_isfunction(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": on");
    step.target = [body](runbooks::RunView const& view) {
      StackGuard guard{body.lua};
      runbooks::Gate& gate = state_of(body.lua).world.gate;
      runbooks::Gate::Scope looking{gate, gate.looking()};
      call_body(body, view, nullptr, nullptr);
      return to_target(body.lua, guard.top + 1);
    };
  } else {
    lua_pushvalue(lua, -1);
    auto kept = std::make_shared<Kept>(lua);
    lua_State* main = state_of(lua).lua;
    step.target = [kept, main](runbooks::RunView const&) {
      StackGuard guard{main};
      kept->push(main);
      return to_target(main, -1);
    };
  }
  lua_pop(lua, 1);
}

}  // namespace

void read_step(lua_State* lua, int index, runbooks::Runbook const& runbook,
               std::vector<std::string> const& lines, runbooks::Step& step) {
  std::string const what = fmt::format("step \"{}\"", step.path);
  refuse_unknown_keys(lua, index, what, step_keys);
  read_kind(lua, index, what, step);
  step.destructive = flag_field(lua, index, "destructive", what);
  step.point_of_no_return = flag_field(lua, index, "point_of_no_return", what);
  step.read_only = flag_field(lua, index, "read_only", what);
  step.confirm = text_field(lua, index, "confirm", what);
  step.timeout = interval_field(lua, index, "timeout", what).value_or(std::chrono::milliseconds{0});
  step.max_failures = count_field(lua, index, "max_failures", what);
  read_target(lua, index, runbook, what, step);
  std::string sources;
  auto const body_of = [&](char const* key) {
    lua_getfield(lua, index, key);
    Body body;
    if (!lua_isnil(lua, -1)) {
      body = take_function(lua, lua_gettop(lua), runbook, what + ": " + key);
      sources += fmt::format("{}:{}", key, source_of(lua, lua_gettop(lua), lines));
    }
    lua_pop(lua, 1);
    return body;
  };
  if (step.kind != runbooks::StepKind::manual) {
    Body body = body_of(step.kind == runbooks::StepKind::tx ? "tx" : "effect");
    // tx = function(db, run), effect = function(run, db): the first argument is what the step is about.
    auto const order = step.kind == runbooks::StepKind::tx ? BodyOrder::database_first : BodyOrder::run_first;
    step.body = [body, order](runbooks::RunView const& view, fleet::Session* session) {
      return call_for_json(body, view, session, order);
    };
  }
  if (Body body = body_of("when"))
    step.when = [body](runbooks::RunView const& view) {
      StackGuard guard{body.lua};
      int const results = call_body(body, view, nullptr, nullptr);
      return results > 0 && lua_toboolean(body.lua, guard.top + 1) != 0;
    };
  if (Body body = body_of("probe"))
    step.probe = [body](runbooks::RunView const& view, fleet::Session* session) {
      return call_probe(body, view, session);
    };
  if (Body body = body_of("pre"))
    step.pre = [body](runbooks::RunView const& view, fleet::Session* session) {
      StackGuard guard{body.lua};
      call_body(body, view, nullptr, session);
    };
  if (Body body = body_of("verify"))
    step.verify = [body](runbooks::RunView const& view, Json const& outputs, fleet::Session* session) {
      StackGuard guard{body.lua};
      int const results = call_body(body, view, &outputs, session);
      if (results > 0 && lua_isboolean(body.lua, guard.top + 1) &&
          lua_toboolean(body.lua, guard.top + 1) == 0)
        throw Error{ErrorKind::failed, body.what + " says no"};
    };
  if (Body body = body_of("each"))
    step.each = [body](runbooks::RunView const& view) { return call_each(body, view); };
  // undo = "address": the undo of that step takes this one's effect along.
  lua_getfield(lua, index, "undo");
  bool const goes_along = lua_type(lua, -1) == LUA_TSTRING;
  lua_pop(lua, 1);
  if (goes_along) {
    step.undone_with = text_field(lua, index, "undo", what);
    if (runbook.find(step.undone_with) == nullptr || !runbook.find(step.undone_with)->undo)
      throw Error{ErrorKind::usage,
                  fmt::format("{}: undo names \"{}\", which is no step above it with an undo function", what,
                              step.undone_with)};
  }
  for (auto const& [key, function] : {std::pair{"undo", &step.undo}, std::pair{"release", &step.release}})
    if (Body body = std::string_view{key} == "undo" && goes_along ? Body{} : body_of(key))
      *function = [body](runbooks::RunView const& view, Json const& outputs, fleet::Session* session) {
        StackGuard guard{body.lua};
        call_body(body, view, &outputs, session);
      };
  if (step.read_only && (step.undo || goes_along || step.release || step.each))
    throw Error{ErrorKind::usage,
                fmt::format("{} is read_only: it has nothing to undo, release or repeat", what)};
  if (step.max_failures > 0 && !step.each)
    throw Error{ErrorKind::usage, fmt::format("{}: max_failures counts items and needs each", what)};
  if (step.kind == runbooks::StepKind::effect && !step.probe)
    throw Error{ErrorKind::usage, fmt::format("{} is an effect and needs a probe", what)}.with_hint(
        "probe = function(run, db) … end tells done from not done after a crash");
  step.hash = state_of(lua).world.fleet.driver().sha256(sources);
}

namespace {

struct KnownEnvironment {
  fleet::Environment const* environment;
  fleet::Endpoint master;
};

KnownEnvironment know_environment(fleet::Fleet& fleet, Purpose purpose) {
  if (purpose == Purpose::running) return {&fleet.located(), fleet.master()};
  if (purpose == Purpose::checking) {
    try {
      return {&fleet.located(), fleet.master()};
    } catch (Error const& error) {
      if (error.kind == ErrorKind::interrupted) throw;
    }
  }
  fleet::Endpoint nowhere;
  nowhere.keywords = {{"dbname", "master"}, {"user", "postgres"}};
  return {&fleet.environment(), std::move(nowhere)};
}

}  // namespace

void push_environment_facts(lua_State* lua, Purpose purpose) {
  auto const known = know_environment(state_of(lua).world.fleet, purpose);
  fleet::Environment const& environment = *known.environment;
  fleet::Endpoint const& master = known.master;
  Json servers = Json::object();
  auto const described = [](fleet::FirstServer const& server) {
    return Json{{"name", server.name},
                {"region", server.region},
                {"host", server.host},
                {"port", server.port},
                {"admin_user", server.admin_user},
                {"admin_secret_ref", server.admin_secret_ref},
                {"capacity_tenants", server.capacity_tenants}};
  };
  for (auto const& server : environment.known_servers) servers[server.name] = described(server);
  Json facts{{"name", environment.name},
             {"sandbox", environment.sandbox},
             {"guard", std::string{fleet::to_string(environment.guard)}},
             {"secrets_folder", environment.secrets_folder.string()},
             {"known_servers", servers},
             {"master", Json{{"database", master.get("dbname")}, {"user", master.get("user")}}}};
  if (environment.first_server) facts["first_server"] = described(*environment.first_server);
  push_json(lua, facts);
}

}  // namespace scripting
