#include "scripting/runbook_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
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
};

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

// runbook "name" { … }: the name first, then a function that takes the table.
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
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushvalue(lua, 1);
  lua_pushcclosure(lua, guarded<runbook_body>, 2);
  return 1;
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

int declare_section(lua_State* lua) {
  loading_of(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushvalue(lua, 1);
  lua_pushcclosure(lua, guarded<section_body>, 2);
  return 1;
}

int step_body(lua_State* lua) {
  Loading& loading = loading_of(lua);
  runbooks::Step step;
  step.name = address_part("step", to_text(lua, lua_upvalueindex(2), "step name"));
  for (std::string const& section : loading.sections) step.path += section + "/";
  step.path += step.name;
  if (loading.runbook.find(step.path) != nullptr)
    throw Error{ErrorKind::usage, fmt::format("two steps have the address \"{}\"", step.path)};
  read_step(lua, 1, loading.runbook, loading.lines, step);
  loading.runbook.steps.push_back(std::move(step));
  return 0;
}

int declare_step(lua_State* lua) {
  loading_of(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushvalue(lua, 1);
  lua_pushcclosure(lua, guarded<step_body>, 2);
  return 1;
}

// expect(value, "what was expected" [, hint]): passes the value on, or fails the step.
int expect(lua_State* lua) {
  if (lua_toboolean(lua, 1) != 0) {
    lua_settop(lua, 1);
    return 1;
  }
  Error error{ErrorKind::failed, lua_isnoneornil(lua, 2) ? "expectation failed" : display_text(lua, 2)};
  if (!lua_isnoneornil(lua, 3)) error.hint = display_text(lua, 3);
  throw error;
}

std::string read_source(std::filesystem::path const& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) throw Error{ErrorKind::not_found, fmt::format("cannot read the runbook {}", file.string())};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
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

std::shared_ptr<runbooks::Runbook const> load_runbook(lua_State* lua, std::filesystem::path const& file) {
  World& world = state_of(lua).world;
  auto loading = std::make_shared<Loading>();
  loading->runbook.file = file.string();
  loading->runbook.source = read_source(file);
  loading->runbook.sha256 = world.fleet.driver().sha256(loading->runbook.source);
  loading->lines = split_lines(loading->runbook.source);
  int const top = lua_gettop(lua);
  push_runbook_environment(lua);
  int const environment = lua_gettop(lua);
  for (auto const& [name, function] :
       {std::pair<char const*, LuaFunction>{"runbook", guarded<declare_runbook>},
        {"section", guarded<declare_section>},
        {"step", guarded<declare_step>},
        {"expect", guarded<expect>}}) {
    lua_pushlightuserdata(lua, loading.get());
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, environment, name);
  }
  push_input_types(lua);
  lua_setfield(lua, environment, "input");
  push_environment_facts(lua);
  lua_setfield(lua, environment, "environment");
  runbooks::Gate::Scope scope{world.gate, runbooks::GateState::loading};
  push_chunk(lua, loading->runbook.source, file.filename().string(), environment);
  protected_call(lua, 0, 0);
  lua_settop(lua, top);
  if (!loading->declared)
    throw Error{ErrorKind::usage, fmt::format("{} declares no runbook", file.filename().string())}.with_hint(
        "it must call: runbook \"name\" { brief = \"…\", inputs = { … } }");
  if (loading->runbook.steps.empty())
    throw Error{ErrorKind::usage, fmt::format("{} declares no step", file.filename().string())};
  return {loading, &loading->runbook};
}

}  // namespace scripting
