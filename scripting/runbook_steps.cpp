#include "scripting/runbook_steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/runbook_values.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::GateState;
using runbooks::Json;

// A Lua function kept for the life of the interpreter, with what it needs to be called.
struct Body {
  std::shared_ptr<Kept> function;
  lua_State* lua = nullptr;
  runbooks::Runbook const* runbook = nullptr;
  std::string what;  // "step \"x\": probe", for messages

  explicit operator bool() const { return function != nullptr; }
};

// Calls body(run [, outputs], db) and leaves its results on the stack; returns how many.
int call_body(Body const& body, runbooks::RunView const& view, Json const* outputs, fleet::Session* session) {
  lua_State* lua = body.lua;
  int const top = lua_gettop(lua);
  body.function->push(lua);
  auto view_copy = RunHandle{&view, body.runbook};
  push_object(lua, view_copy);
  if (outputs != nullptr) push_json(lua, *outputs);
  auto current = std::make_shared<fleet::Session*>(session);
  auto& database = push_object(lua, StepDatabase{current, &view});
  // A script that keeps `db` beyond its function must not reach a session that is gone.
  struct Detach {
    StepDatabase& database;
    ~Detach() { database.session.reset(); }
  } detach{database};
  lua_pushvalue(lua, -1);
  Kept alive{lua};
  protected_call(lua, outputs != nullptr ? 3 : 2, LUA_MULTRET);
  return lua_gettop(lua) - top;
}

struct StackGuard {
  lua_State* lua;
  int top;
  explicit StackGuard(lua_State* state) : lua(state), top(lua_gettop(state)) {}
  ~StackGuard() { lua_settop(lua, top); }
};

Json call_for_json(Body const& body, runbooks::RunView const& view, fleet::Session* session) {
  StackGuard guard{body.lua};
  int const results = call_body(body, view, nullptr, session);
  if (results == 0) return nullptr;
  int const first = guard.top + 1;
  if (test_object<Unknown>(body.lua, first) != nullptr) return nullptr;
  return to_json(body.lua, first);
}

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

Body take_function(lua_State* lua, int index, runbooks::Runbook const& runbook, std::string const& what) {
  if (!lua_isfunction(lua, index))
    throw Error{ErrorKind::usage, fmt::format("{} must be a function, not {}", what, type_text(lua, index))};
  lua_pushvalue(lua, index);
  lua_State* main = state_of(lua).lua;
  return {std::make_shared<Kept>(lua), main, &runbook, what};
}

// The function's own lines: a changed body changes them, a moved one does not.
std::string source_of(lua_State* lua, int index, std::vector<std::string> const& lines) {
  lua_Debug about{};
  lua_pushvalue(lua, index);
  lua_getinfo(lua, ">S", &about);
  std::string text;
  for (int line = about.linedefined;
       line >= 1 && line <= about.lastlinedefined && line <= static_cast<int>(lines.size()); ++line)
    text += lines[static_cast<std::size_t>(line) - 1] + "\n";
  return text;
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

bool flag_field(lua_State* lua, int index, char const* key, std::string const& what) {
  lua_getfield(lua, index, key);
  bool const flag = !lua_isnil(lua, -1) && to_boolean(lua, -1, what + ": " + key);
  lua_pop(lua, 1);
  return flag;
}

// ---- inputs ---------------------------------------------------------------------------------------------

constexpr char const* type_key = "input type";
constexpr char const* order_key = "input order";

runbooks::InputType input_type(std::string_view name) {
  using enum runbooks::InputType;
  for (auto type : {text, number, boolean, enumeration, tenant, server, selection, path, interval, secret})
    if (runbooks::to_string(type) == name) return type;
  throw Error{ErrorKind::usage, fmt::format("no input type \"{}\"", name)};
}

int describe_input(lua_State* lua) {
  if (lua_isnoneornil(lua, 1))
    lua_newtable(lua);
  else
    lua_pushvalue(lua, 1);
  int const description = lua_gettop(lua);
  std::string const type{to_text(lua, lua_upvalueindex(1), "input")};
  std::vector<std::string> known = {"default", "help", "optional", "check"};
  if (type == "tenant") known.emplace_back("status");
  if (type == "enum")
    for (lua_Integer i = 1; i <= luaL_len(lua, description); ++i) known.push_back(fmt::format("[{}]", i));
  refuse_unknown_keys(lua, description, "input." + type, known);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_setfield(lua, description, type_key);
  auto const number = static_cast<lua_Integer>(lua_rawlen(lua, lua_upvalueindex(2))) + 1;
  lua_pushinteger(lua, number);
  lua_rawseti(lua, lua_upvalueindex(2), number);  // the list shared by all types counts
  lua_pushinteger(lua, number);
  lua_setfield(lua, description, order_key);
  lua_pushvalue(lua, description);
  return 1;
}

int no_such_input_type(lua_State* lua) {
  std::string const name = display_text(lua, 2);
  std::vector<std::string> known;
  using enum runbooks::InputType;
  for (auto type : {text, number, boolean, enumeration, tenant, server, selection, path, interval, secret})
    known.emplace_back(runbooks::to_string(type));
  std::string const near = fleet::nearest(name, known);
  throw Error{ErrorKind::usage,
              fmt::format("there is no input.{}; there are: {}", name, fmt::join(known, ", "))}
      .with_hint(near.empty() ? "" : fmt::format("did you mean input.{}?", near));
}

void read_words(lua_State* lua, int index, std::vector<std::string>& words) {
  for (lua_Integer i = 1; i <= luaL_len(lua, index); ++i) {
    lua_geti(lua, index, i);
    words.emplace_back(to_text(lua, -1, "value"));
    lua_pop(lua, 1);
  }
}

runbooks::Input read_input(lua_State* lua, int index, std::string const& name,
                           runbooks::Runbook const& runbook) {
  runbooks::Input input;
  input.name = name;
  std::string const what = "input " + name;
  std::string const type = lua_istable(lua, index) ? text_field(lua, index, type_key, what) : "";
  if (type.empty())
    throw Error{ErrorKind::usage, fmt::format("{} is no input", what)}.with_hint(
        fmt::format("write {} = input.text {{ help = \"…\" }}", name));
  input.type = input_type(type);
  input.help = text_field(lua, index, "help", what);
  input.required = !flag_field(lua, index, "optional", what);
  if (input.type == runbooks::InputType::enumeration) read_words(lua, index, input.values);
  lua_getfield(lua, index, "status");
  if (lua_istable(lua, -1)) read_words(lua, lua_gettop(lua), input.values);
  lua_pop(lua, 1);
  lua_getfield(lua, index, "default");
  if (lua_isfunction(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": default");
    input.default_from = [body](Json const& settled) {
      StackGuard guard{body.lua};
      body.function->push(body.lua);
      push_json(body.lua, settled);
      protected_call(body.lua, 1, 1);
      return to_json(body.lua, -1);
    };
  } else if (!lua_isnil(lua, -1)) {
    input.default_value = to_json(lua, lua_gettop(lua));
  }
  lua_pop(lua, 1);
  lua_getfield(lua, index, "check");
  if (!lua_isnil(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": check");
    input.check = [body](Json const& value) {
      StackGuard guard{body.lua};
      body.function->push(body.lua);
      push_json(body.lua, value);
      protected_call(body.lua, 1, 1);
      return lua_isnil(body.lua, -1) || (lua_isboolean(body.lua, -1) && lua_toboolean(body.lua, -1) != 0)
                 ? std::string{}
                 : display_text(body.lua, -1);
    };
  }
  lua_pop(lua, 1);
  return input;
}

// Lua tables have no order, but a constructor's fields are evaluated as they stand: each description carries
// its number, so that inputs are asked for in the order in which the file names them.
std::vector<std::string> in_source_order(lua_State* lua, int inputs) {
  std::vector<std::pair<lua_Integer, std::string>> numbered;
  for (std::string const& name : keys_of(lua, inputs)) {
    lua_getfield(lua, inputs, name.c_str());
    lua_Integer number = 0;
    if (lua_istable(lua, -1)) {
      lua_getfield(lua, -1, order_key);
      number = lua_tointeger(lua, -1);
      lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    numbered.emplace_back(number, name);
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string> names;
  for (auto& [number, name] : numbered) names.push_back(std::move(name));
  return names;
}

// ---- steps ----------------------------------------------------------------------------------------------

std::vector<std::string> const step_keys = {"on",      "tx",        "effect",      "manual",
                                            "probe",   "when",      "pre",         "verify",
                                            "confirm", "read_only", "destructive", "point_of_no_return"};

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

void read_runbook_head(lua_State* lua, int index, runbooks::Runbook& runbook) {
  std::string const what = "runbook " + runbook.name;
  refuse_unknown_keys(lua, index, what, {"brief", "inputs", "locks"});
  runbook.brief = text_field(lua, index, "brief", what);
  lua_getfield(lua, index, "inputs");
  if (!lua_isnil(lua, -1)) {
    if (!lua_istable(lua, -1)) throw Error{ErrorKind::usage, what + ": inputs is a table of input.TYPE{…}"};
    int const inputs = lua_gettop(lua);
    for (std::string const& name : in_source_order(lua, inputs)) {
      lua_getfield(lua, inputs, name.c_str());
      runbook.inputs.push_back(read_input(lua, lua_gettop(lua), name, runbook));
      lua_pop(lua, 1);
    }
  }
  lua_pop(lua, 1);
  lua_getfield(lua, index, "locks");
  if (!lua_isnil(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": locks");
    runbook.locks = [body](runbooks::RunView const& view) {
      Json const objects = call_for_json(body, view, nullptr);
      std::vector<std::string> names;
      for (Json const& object : objects) names.push_back(object.get<std::string>());
      return names;
    };
  }
  lua_pop(lua, 1);
}

void read_step(lua_State* lua, int index, runbooks::Runbook const& runbook,
               std::vector<std::string> const& lines, runbooks::Step& step) {
  std::string const what = fmt::format("step \"{}\"", step.path);
  refuse_unknown_keys(lua, index, what, step_keys);
  read_kind(lua, index, what, step);
  step.destructive = flag_field(lua, index, "destructive", what);
  step.point_of_no_return = flag_field(lua, index, "point_of_no_return", what);
  step.read_only = flag_field(lua, index, "read_only", what);
  step.confirm = text_field(lua, index, "confirm", what);
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
    bool const tx = step.kind == runbooks::StepKind::tx;
    // tx = function(db, run), effect = function(run, db): the first argument is what the step is about.
    step.body = [body, tx](runbooks::RunView const& view, fleet::Session* session) {
      if (!tx) return call_for_json(body, view, session);
      StackGuard guard{body.lua};
      lua_State* state = body.lua;
      body.function->push(state);
      auto current = std::make_shared<fleet::Session*>(session);
      auto& database = push_object(state, StepDatabase{current, &view});
      lua_pushvalue(state, -1);
      Kept alive{state};
      push_object(state, RunHandle{&view, body.runbook});
      struct Detach {
        StepDatabase& handle;
        ~Detach() { handle.session.reset(); }
      } detach{database};
      protected_call(state, 2, 1);
      return test_object<Unknown>(state, -1) != nullptr ? Json{} : to_json(state, -1);
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
  if (step.kind == runbooks::StepKind::effect && !step.probe)
    throw Error{ErrorKind::usage, fmt::format("{} is an effect and needs a probe", what)}.with_hint(
        "probe = function(run, db) … end tells done from not done after a crash");
  step.hash = state_of(lua).world.fleet.driver().sha256(sources);
}

void push_input_types(lua_State* lua) {
  using enum runbooks::InputType;
  lua_newtable(lua);
  lua_newtable(lua);
  for (auto type : {text, number, boolean, enumeration, tenant, server, selection, path, interval, secret}) {
    push_text(lua, runbooks::to_string(type));
    lua_pushvalue(lua, -2);
    lua_pushcclosure(lua, guarded<describe_input>, 2);
    lua_setfield(lua, -3, std::string{runbooks::to_string(type)}.c_str());
  }
  lua_pop(lua, 1);
  lua_newtable(lua);
  lua_pushcfunction(lua, guarded<no_such_input_type>);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

void push_environment_facts(lua_State* lua) {
  fleet::Fleet& fleet = state_of(lua).world.fleet;
  fleet::Environment const& environment = fleet.located();
  fleet::Endpoint const master = fleet.master();
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
