#include "scripting/statements.hpp"

#include "scripting/conversion.hpp"

namespace scripting {

namespace {

std::optional<std::string> parameter_text(Json const& json) {
  switch (json.type()) {
    case Json::value_t::null: return std::nullopt;
    case Json::value_t::string: return json.get<std::string>();
    case Json::value_t::boolean: return json.get<bool>() ? "true" : "false";
    case Json::value_t::number_float: return number_text(json.get<double>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return json.dump();
    default:
      throw fleet::Error{fleet::ErrorKind::usage,
                         "params: a parameter must be text, a number, a boolean or nil"}
          .with_hint("pass JSON as text and cast it: $1::jsonb");
  }
}

}  // namespace

std::vector<Parameter> query_parameters() {
  return {{.name = "sql", .required = true, .positional = true, .brief = "one statement that reads"},
          {.name = "params", .type = Type::list, .brief = "values for $1, $2, …"},
          {.name = "timeout_ms",
           .type = Type::integer,
           .default_text = "--timeout",
           .brief = "limit in milliseconds"}};
}

fleet::Statement statement_of(Arguments const& arguments) {
  fleet::Statement statement{arguments.text("sql")};
  if (arguments.has("params"))
    for (Json const& value : arguments.json("params")) statement.params.push_back(parameter_text(value));
  return statement;
}

int timeout_of(World const& world, Arguments const& arguments) {
  return static_cast<int>(arguments.integer("timeout_ms", world.settings.timeout_ms));
}

}  // namespace scripting
