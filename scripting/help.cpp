#include "scripting/help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "scripting/backup_help.hpp"
#include "scripting/fence_help.hpp"
#include "scripting/guard.hpp"
#include "scripting/lua_lint.hpp"
#include "scripting/lua_parity.hpp"
#include "scripting/migration_help.hpp"
#include "scripting/runbook_help.hpp"

namespace scripting {

namespace {

std::size_t longest_name(std::vector<Parameter> const& parameters) {
  std::size_t width = 0;
  for (Parameter const& parameter : parameters) width = std::max(width, parameter.name.size());
  return width;
}

std::string first_sentence(std::string const& text) { return text.substr(0, text.find(". ")); }

std::string parameter_note(Parameter const& parameter) {
  std::string note = std::string{to_string(parameter.type)};
  if (parameter.required) note += ", required";
  if (!parameter.default_text.empty()) note += ", default " + parameter.default_text;
  return note;
}

std::string method_page(Method const& method) {
  std::string page = signature(method) + "\n  " + method.brief + "\n";
  std::size_t width = longest_name(method.parameters);
  for (Parameter const& parameter : method.parameters)
    page +=
        fmt::format("  {:<{}}  {} ({})\n", parameter.name, width, parameter.brief, parameter_note(parameter));
  page += fmt::format("  effect   {}\n  returns  {}\n  errors   {}\n  example  {}\n",
                      to_string(method.effect), method.returns, method.errors, method.example);
  if (method.effect != Effect::read)
    page += "  also     plan = true says what it would do; reason = \"…\" is audited\n";
  for (std::string const& alias : method.aliases) page += "  short    tenantsh " + alias + "\n";
  page.pop_back();
  return page;
}

std::string method_lines(Registry const& registry, std::string_view object) {
  std::size_t width = 0;
  for (Method const& method : registry.all())
    if (method.object == object) width = std::max(width, method.name.size());
  std::string lines;
  for (Method const& method : registry.all())
    if (method.object == object)
      lines += fmt::format("  {:<{}}  {}\n", method.name, width, first_sentence(method.brief));
  return lines;
}

std::string object_page(Registry const& registry, Object const& object) {
  return fmt::format("{}: {}\n{}help\"{}.METHOD\" tells more", object.name, object.brief,
                     method_lines(registry, object.name), object.name);
}

std::string overview(Registry const& registry) {
  std::string page;
  for (Object const& object : registry.objects())
    page += fmt::format("{:<11} {}\n{:<11}   {}\n", object.name, object.brief, "",
                        fmt::join(registry.method_names(object.name), " "));
  return page + "help\"OBJECT\" lists its methods, help\"OBJECT.METHOD\" shows one with an example";
}

std::string_view annotation_type(Type type) {
  switch (type) {
    case Type::text:
    case Type::path: return "string";
    case Type::integer: return "integer";
    case Type::number: return "number";
    case Type::boolean: return "boolean";
    case Type::selection: return "string|table|tenants";
    case Type::tenant: return "string|tenant";
    case Type::server: return "string|server";
    case Type::list:
    case Type::table: return "table";
    case Type::result: return "result";
    case Type::any: return "any";
  }
  return "any";
}

// The first word of what a row says it returns, when it is a type.
std::string_view annotation_return(std::string const& returns) {
  struct Known {
    std::string_view word, type;
  };
  for (auto const& [word, type] :
       {Known{"result", "result"}, Known{"text", "string"}, Known{"boolean", "boolean"},
        Known{"table", "table"}, Known{"tenants", "tenants"}, Known{"tenant", "tenant"},
        Known{"servers", "servers"}, Known{"server", "server"}, Known{"integer", "integer"},
        Known{"number", "number"}, Known{"nothing", "nil"}})
    if (returns == word || returns.starts_with(std::string{word} + ":") ||
        returns.starts_with(std::string{word} + " ") || returns.starts_with(std::string{word} + ";"))
      return type;
  return "any";
}

// `object` is what stands before the colon: "tenants", or "tenant" for the methods of one.
std::string annotation(Method const& method, std::string const& object) {
  std::string text = fmt::format("\n--- {}\n--- Effect: {}. Returns {}. Errors: {}.\n", method.brief,
                                 to_string(method.effect), method.returns, method.errors);
  std::string names, params, fields;
  for (Parameter const& parameter : method.parameters) {
    std::string optional = parameter.required ? "" : "?";
    if (parameter.positional) {
      params += fmt::format("---@param {}{} {} {}\n", parameter.name, optional,
                            annotation_type(parameter.type), parameter.brief);
      names += parameter.name + ", ";
    }
    fields += fmt::format("---@field {}? {} {}\n", parameter.name, annotation_type(parameter.type),
                          parameter.brief);
  }
  if (method.effect != Effect::read)
    fields +=
        "---@field plan? boolean say what it would do, and do nothing\n---@field reason? string why, for the "
        "audit row\n";
  std::string const options = object + "_" + method.name + "_options";
  return text + params +
         fmt::format(
             "---@param options? {0}\n---@return {1}\nfunction {2}:{3}({4}options) end\n\n---@class {0}\n{5}",
             options, annotation_return(method.returns), object, method.name, names, fields);
}

// One tenant or server: what collections yield and their rows of one are asked of.
std::string member_class(Registry const& registry, std::string const& collection, std::string const& member,
                         std::vector<std::string> const& fields) {
  std::string text = fmt::format("\n--- One of {0}: {0}[\"NAME\"].\n---@class {1}\n", collection, member);
  for (std::string const& field : fields) text += "---@field " + field + "\n";
  text += "local " + member + " = {}\n";
  for (Method const& method : registry.all())
    if (method.object == collection && method.receiver != Receiver::collection)
      text += annotation(method, member);
  return text;
}

}  // namespace

std::string signature(Method const& method) {
  std::string positional, options;
  for (Parameter const& parameter : method.parameters) {
    if (parameter.positional)
      positional += (positional.empty() ? "" : ", ") + parameter.name;
    else
      options += (options.empty() ? "" : ", ") + parameter.name;
  }
  std::string inside = positional;
  if (!options.empty()) inside += (inside.empty() ? "{ " : ", { ") + options + " }";
  return fmt::format("{}:{}({})", method.object, method.name, inside);
}

std::string help_text(Registry const& registry, std::string_view topic) {
  if (topic.empty()) return overview(registry);
  if (auto const page = runbook_help(topic); !page.empty()) return std::string{page};
  if (auto const page = migration_help(topic); !page.empty()) return std::string{page};
  if (auto const page = guard_help(topic); !page.empty()) return std::string{page};
  if (auto const page = fence_help(topic); !page.empty()) return std::string{page};
  if (auto const page = backup_help(topic); !page.empty()) return std::string{page};
  if (auto const page = parity_help(topic); !page.empty()) return std::string{page};
  if (auto page = lint_help(topic); !page.empty()) return page;
  if (Object const* object = registry.find_object(topic)) return object_page(registry, *object);
  if (Method const* method = registry.find_alias(topic)) return method_page(*method);
  std::size_t dot = topic.find_first_of(".: ");
  if (dot != std::string_view::npos)
    if (Method const* method = registry.find(topic.substr(0, dot), topic.substr(dot + 1)))
      return method_page(*method);
  if (Method const* method = registry.find("shell", topic)) return method_page(*method);
  std::vector<std::string> topics = {"runbook",       "step", "answers", "approvals",
                                     "notifications", "sets", "waves",   "guards",
                                     "read_only",     "lint", "parity",  "backup"};
  for (Object const& object : registry.objects()) topics.push_back(object.name);
  for (Method const& method : registry.all()) topics.push_back(method.object + "." + method.name);
  fleet::Error error{fleet::ErrorKind::not_found, "no help for \"" + std::string{topic} + "\""};
  std::string near = fleet::nearest(topic, topics);
  throw std::move(error).with_hint(near.empty() ? "help() lists the topics"
                                                : "did you mean help\"" + near + "\"?");
}

std::string reference_markdown(Registry const& registry) {
  std::string text = "# Reference\n";
  for (Object const& object : registry.objects()) {
    text += fmt::format("\n## {}\n\n{}\n", object.name, object.brief);
    for (Method const& method : registry.all()) {
      if (method.object != object.name) continue;
      text += fmt::format("\n### {}\n\n`{}` · {}\n\n{}\n\n", object.name + ":" + method.name,
                          signature(method), to_string(method.effect), method.brief);
      for (Parameter const& parameter : method.parameters)
        text += fmt::format("- `{}` ({}): {}\n", parameter.name, parameter_note(parameter), parameter.brief);
      for (std::string const& alias : method.aliases)
        text += fmt::format("- short form: `tenantsh {}`\n", alias);
      text += fmt::format("- returns {}\n- errors: {}\n\n```lua\n{}\n```\n", method.returns, method.errors,
                          method.example);
    }
  }
  return text;
}

std::string reference_annotations(Registry const& registry) {
  std::string text = "---@meta\n";
  for (Object const& object : registry.objects()) {
    std::string const member = object.name == "tenants" || object.name == "servers"
                                   ? object.name.substr(0, object.name.size() - 1)
                                   : "";
    text += fmt::format("\n--- {}\n---@class {}\n{}{} = {{}}\n", object.brief, object.name,
                        member.empty() ? "" : "---@field [string] " + member + "\n",
                        object.global ? object.name : "local " + object.name);
    for (Method const& method : registry.all())
      if (method.object == object.name) text += annotation(method, object.name);
  }
  text += member_class(registry, "tenants", "tenant",
                       {"slug string", "id string", "display_name string", "status string", "server server",
                        "region string", "placement string", "database_name string", "schema_name? string",
                        "db_config_ref? string", "labels table<string, string>"});
  text += member_class(registry, "servers", "server", {"name string"});
  for (char const* word : {"help", "show", "confirm", "ask", "choose"})
    text += fmt::format("\n{0} = shell.{0}\n", word);
  return text;
}

}  // namespace scripting
