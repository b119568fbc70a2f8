#include "runbooks/engine/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace runbooks {

namespace {

fleet::Error bad_input(Input const& input, std::string const& what, std::string hint = {}) {
  auto error = fleet::Error{fleet::ErrorKind::usage, fmt::format("input {}: {}", input.name, what)};
  error.hint = std::move(hint);
  return error;
}

std::string as_text(Json const& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Json number_of(Input const& input, Json const& value) {
  if (value.is_number()) return value;
  std::string const text = as_text(value);
  std::int64_t integer = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (code == std::errc{} && end == text.data() + text.size()) return integer;
  double real = 0;
  auto [real_end, real_code] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (real_code == std::errc{} && real_end == text.data() + text.size()) return real;
  throw bad_input(input, fmt::format("\"{}\" is no number", text));
}

Json boolean_of(Input const& input, Json const& value) {
  if (value.is_boolean()) return value;
  std::string const text = as_text(value);
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  throw bad_input(input, fmt::format("\"{}\" is neither true nor false", text));
}

Json interval_of(Input const& input, Json const& value) {
  std::string const text = as_text(value);
  if (!fleet::parse_interval(text))
    throw bad_input(input, fmt::format("\"{}\" is no interval", text),
                    "a number and s, m, h or d: 30s, 15m, 7d");
  return text;
}

Json tenant_of(Input const& input, Json const& value, fleet::Fleet& fleet) {
  auto const& tenant = fleet.tenant(as_text(value));
  std::string const status{fleet::to_string(tenant.status)};
  if (!input.values.empty() &&
      std::find(input.values.begin(), input.values.end(), status) == input.values.end())
    throw bad_input(input, fmt::format("tenant {} is {}", tenant.slug, status),
                    fmt::format("this runbook takes tenants that are {}", fmt::join(input.values, ", ")));
  return tenant.slug;
}

Json checked(Input const& input, Json const& value, fleet::Fleet& fleet) {
  Json result;
  switch (input.type) {
    case InputType::number: result = number_of(input, value); break;
    case InputType::boolean: result = boolean_of(input, value); break;
    case InputType::interval: result = interval_of(input, value); break;
    case InputType::tenant: result = tenant_of(input, value, fleet); break;
    case InputType::server: result = fleet.server(as_text(value)).name; break;
    case InputType::selection:
      fleet::Selection::parse(as_text(value));
      result = as_text(value);
      break;
    case InputType::secret: result = fleet::Secret::parse(as_text(value)).reference(); break;
    case InputType::enumeration: {
      result = as_text(value);
      if (std::find(input.values.begin(), input.values.end(), as_text(value)) == input.values.end())
        throw bad_input(input, fmt::format("\"{}\" is not one of its values", as_text(value)),
                        fmt::format("one of: {}", fmt::join(input.values, ", ")));
      break;
    }
    case InputType::path:
    case InputType::text: {
      std::string const text = as_text(value);
      if (text.find('\0') != std::string::npos) throw bad_input(input, "holds a NUL byte");
      if (text.empty() && input.required) throw bad_input(input, "is empty");
      result = text;
      break;
    }
  }
  if (input.check)
    if (std::string const wrong = input.check(result); !wrong.empty()) throw bad_input(input, wrong);
  return result;
}

void refuse_unknown(Runbook const& runbook, std::map<std::string, Json> const& given) {
  std::vector<std::string> names;
  for (Input const& input : runbook.inputs) names.push_back(input.name);
  for (auto const& [name, value] : given) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string const near = fleet::nearest(name, names);
    auto error =
        fleet::Error{fleet::ErrorKind::usage,
                     fmt::format("{} has no input \"{}\"; it has: {}", runbook.name, name,
                                 names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")))};
    if (!near.empty()) error.hint = fmt::format("did you mean {}?", near);
    throw error;
  }
}

}  // namespace

Json settle_inputs(Runbook const& runbook, std::map<std::string, Json> const& given, fleet::Fleet& fleet,
                   Console& console) {
  refuse_unknown(runbook, given);
  Json settled = Json::object();
  std::vector<std::string> missing, flags;  // all of them in one message, not one a try
  for (Input const& input : runbook.inputs) {
    Json fallback = input.default_value;
    if (auto found = given.find(input.name); found != given.end() && !found->second.is_null()) {
      settled[input.name] = checked(input, found->second, fleet);
      continue;
    }
    if (input.default_from) {
      try {
        fallback = input.default_from(settled);
      } catch (fleet::Error const&) {
        if (missing.empty()) throw;  // else it may be for want of one that is missing
      }
    }
    if (!fallback.is_null()) {
      settled[input.name] = checked(input, fallback, fleet);
    } else if (!input.required) {
      settled[input.name] = nullptr;
    } else if (console.interactive()) {
      std::string text = input.name;
      if (!input.help.empty()) text += " (" + input.help + ")";
      settled[input.name] =
          checked(input, console.ask({.text = text, .flag = "--input " + input.name + "=…"}), fleet);
    } else {
      missing.push_back(input.name + (input.help.empty() ? "" : " (" + input.help + ")"));
      flags.push_back("--input " + input.name + "=…");
      settled[input.name] = nullptr;
    }
  }
  if (!missing.empty())
    throw fleet::Error{fleet::ErrorKind::usage,
                       fmt::format("{} needs input {}", runbook.name, fmt::join(missing, ", "))}
        .with_hint(
            fmt::format("give {} with {}", missing.size() == 1 ? "it" : "them", fmt::join(flags, " ")));
  return settled;
}

std::string render_inputs(Json const& inputs, std::string const& indent) {
  std::string text;
  for (auto const& [name, value] : inputs.items())
    text += fmt::format("{}{} = {}\n", indent, name, value.is_null() ? "(none)" : as_text(value));
  return text;
}

}  // namespace runbooks
