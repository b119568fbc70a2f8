#include "scripting/method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "fleet/selection.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

Error wrong_type(Method const& method, Parameter const& parameter, Json const& given) {
  std::string what = given.is_string() ? "\"" + given.get<std::string>() + "\""
                                       : given.dump(-1, ' ', false, Json::error_handler_t::replace);
  return Error{ErrorKind::usage, fmt::format("{}.{}: {} must be {}, not {}", method.object, method.name,
                                             parameter.name, to_string(parameter.type), what)};
}

template <class Number>
bool parse_number(std::string const& text, Number& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Json> as_integer(Json const& given) {
  if (given.is_number_integer()) return given;
  if (given.is_number_float() && std::floor(given.get<double>()) == given.get<double>())
    return static_cast<std::int64_t>(given.get<double>());
  std::int64_t number = 0;
  if (given.is_string() && parse_number(given.get_ref<std::string const&>(), number)) return number;
  return std::nullopt;
}

std::optional<Json> as_number(Json const& given) {
  if (given.is_number()) return given;
  double number = 0;
  if (given.is_string() && parse_number(given.get_ref<std::string const&>(), number)) return number;
  return std::nullopt;
}

std::optional<Json> as_boolean(Json const& given) {
  if (given.is_boolean()) return given;
  if (given == "true" || given == "yes" || given == "on") return true;
  if (given == "false" || given == "no" || given == "off") return false;
  return std::nullopt;
}

std::optional<Json> as_list(Json const& given) {
  if (given.is_array()) return given;
  if (given.is_string()) return Json::array({given});
  if (given.is_object() && given.empty()) return Json::array();
  return std::nullopt;
}

std::optional<Json> convert(Type type, Json const& given) {
  switch (type) {
    case Type::integer: return as_integer(given);
    case Type::number: return as_number(given);
    case Type::boolean: return as_boolean(given);
    case Type::list: return as_list(given);
    case Type::table:
      if (given.is_object() || given.is_array()) return given;
      return std::nullopt;
    case Type::result:  // the rows themselves never become JSON: set_result() brings them
      if (given == given_as_result) return given;
      return std::nullopt;
    case Type::any: return given;
    case Type::text:
    case Type::selection:
    case Type::tenant:
    case Type::server:
    case Type::path:
      if (given.is_string()) return given;
      return std::nullopt;
  }
  return std::nullopt;
}

std::vector<Parameter> parameters_of(Method const& method) {
  std::vector<Parameter> parameters = method.parameters;
  if (method.effect == Effect::read) return parameters;
  parameters.push_back(
      {.name = "plan", .type = Type::boolean, .brief = "say what it would do, and do nothing"});
  parameters.push_back({.name = "reason", .type = Type::text, .brief = "why, for the audit row"});
  return parameters;
}

Error unknown_parameter(Method const& method, std::string const& name, std::vector<Parameter> const& known) {
  std::vector<std::string> names;
  std::string list;
  for (Parameter const& parameter : known) {
    names.push_back(parameter.name);
    list += " " + parameter.name;
  }
  Error error{ErrorKind::usage, fmt::format("{}.{} takes no \"{}\"; it takes:{}", method.object, method.name,
                                            name, known.empty() ? " nothing" : list)};
  std::string near = fleet::nearest(name, names);
  return near.empty() ? error : std::move(error).with_hint("did you mean " + near + "?");
}

}  // namespace

std::string_view to_string(Effect effect) {
  switch (effect) {
    case Effect::read: return "read";
    case Effect::write: return "write";
    case Effect::destructive: return "destructive";
    case Effect::outage: return "outage";
  }
  return "";
}

std::string_view to_string(Type type) {
  switch (type) {
    case Type::text: return "text";
    case Type::integer: return "integer";
    case Type::number: return "number";
    case Type::boolean: return "boolean";
    case Type::selection: return "selection";
    case Type::tenant: return "tenant";
    case Type::server: return "server";
    case Type::path: return "path";
    case Type::list: return "list";
    case Type::table: return "table";
    case Type::result: return "result";
    case Type::any: return "any";
  }
  return "";
}

std::string Arguments::text(std::string const& name, std::string fallback) const {
  auto found = values_.find(name);
  if (found == values_.end() || found->second.is_null()) return fallback;
  return found->second.is_string() ? found->second.get<std::string>() : found->second.dump();
}

std::int64_t Arguments::integer(std::string const& name, std::int64_t fallback) const {
  auto found = values_.find(name);
  return found == values_.end() || !found->second.is_number() ? fallback : found->second.get<std::int64_t>();
}

double Arguments::number(std::string const& name, double fallback) const {
  auto found = values_.find(name);
  return found == values_.end() || !found->second.is_number() ? fallback : found->second.get<double>();
}

bool Arguments::boolean(std::string const& name, bool fallback) const {
  auto found = values_.find(name);
  return found == values_.end() || !found->second.is_boolean() ? fallback : found->second.get<bool>();
}

std::vector<std::string> Arguments::list(std::string const& name) const {
  std::vector<std::string> texts;
  for (Json const& item : json(name))
    texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  return texts;
}

Json const& Arguments::json(std::string const& name) const {
  static Json const null;
  auto found = values_.find(name);
  return found == values_.end() ? null : found->second;
}

fleet::Selection Arguments::selection(std::string const& name) const {
  if (auto found = selections_.find(name); found != selections_.end()) return found->second;
  return has(name) ? fleet::Selection::parse(text(name)) : fleet::Selection::all();
}

void Arguments::set_selection(std::string const& name, fleet::Selection selection) {
  selections_.insert_or_assign(name, std::move(selection));
}

std::shared_ptr<Rows const> Arguments::result(std::string const& name) const {
  auto found = results_.find(name);
  return found == results_.end() ? nullptr : found->second;
}

void Arguments::set_result(std::string const& name, std::shared_ptr<Rows const> given) {
  results_.insert_or_assign(name, std::move(given));
}

void Registry::add(Object object) { objects_.push_back(std::move(object)); }

void Registry::add(Method method) { methods_.push_back(std::move(method)); }

Method const* Registry::find(std::string_view object, std::string_view name) const {
  for (Method const& method : methods_)
    if (method.object == object && method.name == name) return &method;
  return nullptr;
}

Method const* Registry::find_alias(std::string_view words) const {
  for (Method const& method : methods_)
    for (std::string const& alias : method.aliases)
      if (alias == words) return &method;
  return nullptr;
}

Object const* Registry::find_object(std::string_view name) const {
  for (Object const& object : objects_)
    if (object.name == name) return &object;
  return nullptr;
}

std::vector<std::string> Registry::method_names(std::string_view object) const {
  std::vector<std::string> names;
  for (Method const& method : methods_)
    if (method.object == object) names.push_back(method.name);
  return names;
}

Arguments check_arguments(Method const& method, Value self, std::map<std::string, Json> const& given) {
  Arguments arguments;
  arguments.self = std::move(self);
  std::vector<Parameter> parameters = parameters_of(method);
  for (auto const& [name, value] : given) {
    if (value.is_null()) continue;
    auto known = [&](Parameter const& parameter) { return parameter.name == name; };
    auto parameter = std::find_if(parameters.begin(), parameters.end(), known);
    if (parameter == parameters.end()) throw unknown_parameter(method, name, parameters);
    auto converted = convert(parameter->type, value);
    if (!converted) throw wrong_type(method, *parameter, value);
    arguments.set(name, std::move(*converted));
  }
  for (Parameter const& parameter : parameters)
    if (parameter.required && !arguments.has(parameter.name))
      throw Error{ErrorKind::usage, fmt::format("{}.{} needs {} ({}): {}", method.object, method.name,
                                                parameter.name, to_string(parameter.type), parameter.brief)}
          .with_hint("for example " + method.example);
  return arguments;
}

}  // namespace scripting
