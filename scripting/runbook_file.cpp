#include "scripting/runbook_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/runbook_body.hpp"
#include "scripting/runbook_include.hpp"
#include "scripting/runbook_steps.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// Where the declarations of the file being loaded go; found through an upvalue of runbook, section and step.
struct Loading {
  runbooks::Runbook runbook;
  std::vector<std::string> sections;
  std::vector<std::string> lines;  // of the source, for the steps' hashes
  bool declared = false;
  Loading const* includer = nullptr;
  Purpose purpose = Purpose::running;
  std::vector<std::function<std::vector<std::string>(runbooks::RunView const&)>> included_locks;

  std::string prefix() const {
    std::string path;
    for (std::string const& section : sections) path += section + "/";
    return path;
  }
};

std::shared_ptr<Loading> load_file(lua_State* lua, std::filesystem::path const& file, Loading const* includer,
                                   Purpose purpose);
void include_runbook(lua_State* lua, Loading& loading, std::string const& name);

Loading& loading_of(lua_State* lua) {
  auto* loading = static_cast<Loading*>(lua_touserdata(lua, lua_upvalueindex(1)));
  if (state_of(lua).world.gate.state() != runbooks::GateState::loading)
    throw Error{ErrorKind::refused,
                "runbook, section and step declare; they can only be called while a runbook is loaded"};
  return *loading;
}

std::string address_part(std::string const& what, std::string_view name) {
  if (name.empty() || name.find_first_of("/\n") != std::string_view::npos)
    throw Error{ErrorKind::usage, fmt::format("{} name \"{}\" must be one line without /", what, name)};
  return std::string{name};
}

// WORD "name" …: the name first, then a function that takes the rest.
template <LuaFunction body>
int declare(lua_State* lua) {
  loading_of(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushvalue(lua, 1);
  lua_pushcclosure(lua, guarded<body>, 2);
  return 1;
}

// runbook "name" { … }
int runbook_body(lua_State* lua) {
  Loading& loading = loading_of(lua);
  if (loading.declared) throw Error{ErrorKind::usage, "a file declares one runbook, this is the second"};
  loading.declared = true;
  loading.runbook.name = std::string{to_text(lua, lua_upvalueindex(2), "runbook name")};
  read_runbook_head(lua, 1, loading.runbook);
  return 0;
}

int declare_runbook(lua_State* lua) {
  loading_of(lua);
  address_part("runbook", to_text(lua, 1, "runbook name"));
  return declare<runbook_body>(lua);
}

// section "name" (function() … end)
int section_body(lua_State* lua) {
  Loading& loading = loading_of(lua);
  loading.sections.push_back(address_part("section", to_text(lua, lua_upvalueindex(2), "section name")));
  if (!lua_isfunction(lua, 1))
    throw Error{ErrorKind::usage, fmt::format("section \"{}\" takes a function that declares its steps",
                                              loading.sections.back())};
  lua_settop(lua, 1);
  lua_call(lua, 0, 0);
  loading.sections.pop_back();
  return 0;
}

int step_body(lua_State* lua) {
  Loading& loading = loading_of(lua);
  runbooks::Step step;
  step.name = address_part("step", to_text(lua, lua_upvalueindex(2), "step name"));
  step.path = loading.prefix();
  step.section = step.path.empty() ? "" : step.path.substr(0, step.path.size() - 1);
  step.path += step.name;
  if (loading.runbook.find(step.path) != nullptr)
    throw Error{ErrorKind::usage, fmt::format("two steps have the address \"{}\"", step.path)};
  read_step(lua, 1, loading.runbook, loading.lines, step);
  loading.runbook.steps.push_back(std::move(step));
  return 0;
}

// include "name" { runbook = "…", inputs = { … } or function(run) return { … } end }
int include_body(lua_State* lua) {
  Loading& loading = loading_of(lua);
  std::string const name = address_part("include", to_text(lua, lua_upvalueindex(2), "include name"));
  include_runbook(lua, loading, name);
  return 0;
}

// expect(value, "what was expected" [, hint]): passes the value on, or fails the step.
int expect(lua_State* lua) {
  if (lua_toboolean(lua, 1) != 0) {
    lua_settop(lua, 1);
    return 1;
  }
  Error error{ErrorKind::failed, lua_isnoneornil(lua, 2) ? "expectation failed" : display_text(lua, 2)};
  if (!lua_isnoneornil(lua, 4)) {
    if (to_text(lua, 4, "the fourth argument of expect") != "finding")
      throw Error{ErrorKind::usage, "the fourth argument of expect is \"finding\" or nothing"};
    error.kind = ErrorKind::pending;
  }
  if (!lua_isnoneornil(lua, 3)) error.hint = display_text(lua, 3);
  throw error;
}

int silent(lua_State*) { return 0; }

std::string read_source(std::filesystem::path const& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) throw Error{ErrorKind::not_found, fmt::format("cannot read the runbook {}", file.string())};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void refuse_circle(Loading const& loading, std::filesystem::path const& file) {
  for (Loading const* above = &loading; above != nullptr; above = above->includer)
    if (above->runbook.file == file.string())
      throw Error{ErrorKind::usage,
                  fmt::format("{} includes itself", std::filesystem::path{file}.filename().string())};
}

void include_runbook(lua_State* lua, Loading& loading, std::string const& name) {
  World& world = state_of(lua).world;
  std::string const what = fmt::format("include \"{}\"", name);
  refuse_unknown_keys(lua, 1, what, {"runbook", "inputs"});
  std::string const wanted = text_field(lua, 1, "runbook", what);
  if (wanted.empty()) throw Error{ErrorKind::usage, what + " must name a runbook"};
  // A path is meant from where the including file lies.
  bool const is_path = wanted.find('/') != std::string::npos && wanted.front() != '/';
  auto const file = find_runbook(
      world,
      is_path
          ? (std::filesystem::path{loading.runbook.file}.parent_path() / wanted).lexically_normal().string()
          : wanted);
  refuse_circle(loading, file);
  Body inputs;
  std::string source;
  lua_getfield(lua, 1, "inputs");
  if (!lua_isnil(lua, -1)) {
    inputs = take_function(lua, lua_gettop(lua), loading.runbook, what + ": inputs");
    source = source_of(lua, lua_gettop(lua), loading.lines);
  }
  lua_pop(lua, 1);
  loading.sections.push_back(name);
  std::string const prefix = loading.prefix();
  loading.sections.pop_back();
  auto const inner = load_file(lua, file, &loading, loading.purpose);
  Included included = include_steps(world, {inner, &inner->runbook}, inputs, prefix);
  for (runbooks::Step& step : included.steps) {
    if (loading.runbook.find(step.path) != nullptr)
      throw Error{ErrorKind::usage, fmt::format("two steps have the address \"{}\"", step.path)};
    step.hash = world.fleet.driver().sha256(step.hash + source);
    loading.runbook.steps.push_back(std::move(step));
  }
  if (included.locks) loading.included_locks.push_back(std::move(included.locks));
}

std::vector<std::string> split_lines(std::string const& source) {
  std::vector<std::string> lines;
  std::istringstream in{source};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::vector<std::string> shipped_runbooks(World& world) {
  std::vector<std::string> names;
  std::error_code code;
  for (auto const& entry : std::filesystem::directory_iterator{world.shipped / "runbooks", code})
    if (entry.path().extension() == ".lua") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::filesystem::path find_runbook(World& world, std::string const& name) {
  bool const is_path = name.find('/') != std::string::npos || name.ends_with(".lua");
  if (is_path) {
    if (!std::filesystem::is_regular_file(name))
      throw Error{ErrorKind::not_found, fmt::format("there is no runbook file {}", name)};
    return std::filesystem::absolute(name);
  }
  auto const file = world.shipped / "runbooks" / (name + ".lua");
  if (!name.empty() && std::filesystem::is_regular_file(file)) return file;
  auto const names = shipped_runbooks(world);
  std::string const near = fleet::nearest(name, names);
  throw Error{ErrorKind::not_found,
              fmt::format("no runbook \"{}\"; shipped: {}", name, fmt::join(names, ", "))}
      .with_hint(near.empty() ? "a file of your own is named by its path: ./name.lua"
                              : fmt::format("did you mean {}?", near));
}

std::vector<std::string> const& declaring_words() {
  static std::vector<std::string> const words{"runbook", "section",     "step", "include",
                                              "expect",  "environment", "input"};
  return words;
}

namespace {

std::shared_ptr<Loading> load_file(lua_State* lua, std::filesystem::path const& file, Loading const* includer,
                                   Purpose purpose) {
  World& world = state_of(lua).world;
  auto loading = std::make_shared<Loading>();
  loading->includer = includer;
  loading->purpose = purpose;
  loading->runbook.file = file.string();
  loading->runbook.source = read_source(file);
  loading->runbook.sha256 = world.fleet.driver().sha256(loading->runbook.source);
  loading->lines = split_lines(loading->runbook.source);
  int const top = lua_gettop(lua);
  push_runbook_environment(lua);
  int const environment = lua_gettop(lua);
  for (auto const& [name, function] :
       {std::pair<char const*, LuaFunction>{"runbook", guarded<declare_runbook>},
        {"section", guarded<declare<section_body>>},
        {"step", guarded<declare<step_body>>},
        {"include", guarded<declare<include_body>>},
        {"expect", guarded<expect>}}) {
    lua_pushlightuserdata(lua, loading.get());
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, environment, name);
  }
  push_input_types(lua);
  lua_setfield(lua, environment, "input");
  push_environment_facts(lua, purpose);
  lua_setfield(lua, environment, "environment");
  if (purpose != Purpose::running) {
    lua_pushcfunction(lua, silent);
    lua_setfield(lua, environment, "print");
  }
  runbooks::Gate::Scope scope{world.gate, runbooks::GateState::loading};
  push_chunk(lua, loading->runbook.source, file.filename().string(), environment);
  protected_call(lua, 0, 0);
  lua_settop(lua, top);
  if (!loading->declared)
    throw Error{ErrorKind::usage, fmt::format("{} declares no runbook", file.filename().string())}.with_hint(
        "it must call: runbook \"name\" { brief = \"…\", inputs = { … } }");
  if (loading->runbook.steps.empty())
    throw Error{ErrorKind::usage, fmt::format("{} declares no step", file.filename().string())};
  if (!loading->included_locks.empty())
    loading->runbook.locks = [own = loading->runbook.locks,
                              included = loading->included_locks](runbooks::RunView const& run) {
      std::vector<std::string> objects;
      if (own) objects = own(run);
      for (auto const& locks : included)
        for (std::string& object : locks(run)) objects.push_back(std::move(object));
      return objects;
    };
  return loading;
}

}  // namespace

std::shared_ptr<runbooks::Runbook const> load_runbook(lua_State* lua, std::filesystem::path const& file,
                                                      Purpose purpose) {
  auto const loading = load_file(lua, file, nullptr, purpose);
  return {loading, &loading->runbook};
}

}  // namespace scripting
