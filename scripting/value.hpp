#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/result.hpp"
#include "fleet/selection.hpp"
#include "fleet/streamed_rows.hpp"

namespace scripting {

using Json = nlohmann::ordered_json;

// A table of rows on its way to the screen or to Lua, with the tenants that could not answer.
struct Rows {
  fleet::Result result;
  std::vector<fleet::Error> failures;
  std::size_t asked = 0;  // tenants asked; 0 when this is no fan-out
  // Of a fan-out: the slugs that answered, those without a row among them, in the order they were asked.
  std::vector<std::string> answered = {};
  // The same for people, where lines read better than a table: in place of it in format table.
  std::optional<std::string> lines = {};
};

// Standard output, while rows may go there as they come instead of up as a value.
struct Printing {
  fleet::CopySink* out;
  std::shared_ptr<fleet::RowFormat const> format;
};

// Handles: they name a thing and do no I/O.
struct TenantRef {
  std::string slug;
};
struct ServerRef {
  std::string name;
};
struct TenantsRef {
  fleet::Selection selection;
};
struct ServersRef {
  std::map<std::string, std::string> conditions;
};

// A short card: title and "key: value" lines (naming an object at the prompt prints one).
struct Card {
  std::string title;
  std::vector<std::pair<std::string, std::string>> lines;
};

// In a plan: the result of an effect that has not happened. Every use of it is unknown again.
struct Unknown {
  std::string what;
};

// What a method returns and what an evaluated line is: the only thing that goes up from here to the shell.
using Value =
    std::variant<std::monostate, Json, Rows, Card, TenantRef, ServerRef, TenantsRef, ServersRef, Unknown>;

// A Value with what else there is to say about it.
struct Answer {
  Value value;
  std::vector<std::string> notes;         // for standard error
  std::optional<fleet::ErrorKind> ended;  // e.g. pending (exit 8) or failed although there is a value
};

struct World;

// What naming a thing shows, from the cached registry row (read at first use): a tenant or server its Card, a
// collection its list; every other value as it is.
Value printable(World& world, Value value);
// The card of a TenantRef or ServerRef.
Card card_of(World& world, Value const& value);

}  // namespace scripting
