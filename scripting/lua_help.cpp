// help and the reference as methods of `shell`; the texts come from help.cpp.

#include "scripting/help.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

// help"tenants.query", help(tenants), help(tenants.query): a topic or the thing itself.
std::string topic_at(lua_State* lua, int index) {
  if (lua_isnoneornil(lua, index)) return {};
  if (Method const* method = method_of(lua, index)) return method->object + "." + method->name;
  if (auto* singleton = test_object<Singleton>(lua, index)) return singleton->object->name;
  if (test_object<Tenants>(lua, index) || test_object<TenantRef>(lua, index)) return "tenants";
  if (test_object<Servers>(lua, index) || test_object<ServerRef>(lua, index)) return "servers";
  if (test_object<ResultHandle>(lua, index)) return "result";
  return std::string{to_text(lua, index, "shell.help: topic")};
}

int help(lua_State* lua, World&, Arguments const&) {
  push_text(lua, help_text(state_of(lua).registry, topic_at(lua, 2)));
  return 1;
}

int reference(lua_State* lua, World&, Arguments const& arguments) {
  auto const& registry = state_of(lua).registry;
  std::string format = arguments.text("format", "markdown");
  if (format != "markdown" && format != "lua")
    throw fleet::Error{fleet::ErrorKind::usage, "shell.reference: format is markdown or lua, not " + format};
  push_text(lua, format == "lua" ? reference_annotations(registry) : reference_markdown(registry));
  return 1;
}

}  // namespace

void add_help(Registry& registry) {
  registry.add(
      Method{.object = "shell",
             .name = "help",
             .parameters = {{.name = "topic",
                             .type = Type::any,
                             .positional = true,
                             .brief = "an object, a method, or its name: \"tenants.query\""}},
             .returns = "text",
             .errors = "not_found with the nearest topic",
             .brief = "Explains an object or a method; without a topic lists them all. Also help(topic).",
             .example = "help\"tenants.query\"",
             .command_line = false,
             .io = false,
             .native = help});
  registry.add(Method{.object = "shell",
                      .name = "reference",
                      .parameters = {{.name = "format",
                                      .positional = true,
                                      .default_text = "markdown",
                                      .brief = "markdown, or lua for an editor's ---@meta file"}},
                      .returns = "text",
                      .errors = "usage for another format",
                      .brief = "The whole reference, from the same rows as help.",
                      .example = "#shell:reference(\"lua\") > 0",
                      .command_line = false,
                      .io = false,
                      .native = reference});
}

}  // namespace scripting
