#include "scripting/tenant_query.hpp"

#include "scripting/objects.hpp"
#include "scripting/saved_file.hpp"
#include "scripting/statements.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::GateState;

// What is asked, of whom, and how.
struct Request {
  fleet::Selection selection;
  fleet::Chosen chosen;
  fleet::Statement statement{std::string{}};
  fleet::FanOutOptions options;
  fleet::RowOrder order = fleet::RowOrder::tenants;
  bool one = false;  // asked of one tenant: its own columns, its own error
};

fleet::RowOrder order_of(Arguments const& arguments) {
  std::string const order = arguments.text("order", "tenants");
  if (order == "tenants") return fleet::RowOrder::tenants;
  if (order == "arrival") return fleet::RowOrder::arrival;
  throw Error{ErrorKind::usage, "order is tenants or arrival, not " + fleet::in_quotes(order)};
}

int milliseconds(Arguments const& arguments, char const* name) {
  auto const given = arguments.integer(name, 0);
  if (given < 0 || given > 2'000'000'000)
    throw Error{ErrorKind::usage, std::string{name} +
                                      " takes milliseconds from 0 (no limit) to 2000000000, not " +
                                      std::to_string(given)};
  return static_cast<int>(given);
}

Request request_of(World& world, Arguments const& arguments) {
  Request request;
  request.selection = receiver_selection(arguments);
  request.order = order_of(arguments);
  request.statement = statement_of(arguments);
  request.one = std::holds_alternative<TenantRef>(arguments.self) && !arguments.has("tenants");
  request.options = {.jobs = static_cast<int>(arguments.integer("jobs", world.settings.jobs)),
                     .timeout_ms = timeout_of(world, arguments),
                     .lock_timeout_ms = milliseconds(arguments, "lock_timeout_ms"),
                     .wall_timeout_ms = milliseconds(arguments, "wall_timeout_ms"),
                     .stop = world.interrupt.get_token()};
  request.chosen = fleet::choose(world.fleet.tenants(), request.selection);
  return request;
}

std::vector<std::string> slugs_with_answer(std::vector<fleet::Outcome> const& outcomes) {
  std::vector<std::string> slugs;
  for (fleet::Outcome const& outcome : outcomes)
    if (outcome.result && !outcome.result->columns().empty()) slugs.push_back(outcome.tenant.slug);
  return slugs;
}

// `rows` with what is to be said about everybody that was asked.
Answer answer_of(World& world, Request const& request, fleet::Result rows, std::vector<Error> failures) {
  std::size_t const asked = request.chosen.tenants.size();
  Answer answer{Rows{std::move(rows), std::move(failures), asked}, left_out_notes(request.chosen), {}};
  auto const& told = std::get<Rows>(answer.value);
  if (asked == 0) answer.notes.push_back("no tenant fits " + request.selection.text());
  if (asked > 0 && told.failures.size() == asked) answer.ended = ErrorKind::failed;
  if (world.interrupt.stop_requested()) answer.ended = ErrorKind::interrupted;
  return answer;
}

struct Poured {
  fleet::Result counts;  // of each tenant that answered: how many rows
  std::vector<Error> failures;
};

Poured pour(World& world, Request const& request, fleet::StreamTarget const& target) {
  Poured poured{fleet::Result{{{"tenant"}, {"rows", fleet::type_oid::int8}}}, {}};
  for (fleet::Outcome& outcome :
       world.fleet.stream(request.chosen.tenants, request.statement, request.options, target)) {
    if (outcome.error) {
      poured.failures.push_back(std::move(*outcome.error));
      continue;
    }
    poured.counts.append(outcome.tenant.slug);
    poured.counts.append(std::to_string(outcome.result->affected));
  }
  return poured;
}

Answer print(World& world, Request const& request, Printing const& printing) {
  Poured poured =
      pour(world, request, {.sink = *printing.out, .format = *printing.format, .order = request.order});
  return answer_of(world, request, {}, std::move(poured.failures));
}

Answer save(World& world, Request const& request, std::string const& path) {
  if (GateState const gate = world.gate.state(); gate != GateState::free && gate != GateState::open) {
    if (gate != GateState::planning)
      world.gate.refuse("a query with save writes a file; probe, pre, when and verify may only read",
                        "move it to the step's effect, or leave out save");
    world.gate.record("write the rows to " + path);
    return {Unknown{"tenants.query"}, {}, {}};
  }
  SavedFile file{path};
  auto const format = world.row_format ? world.row_format(file.format()) : nullptr;
  if (!format)
    throw Error{ErrorKind::usage,
                "rows are saved as they come in csv, tsv and jsonl, not in " + file.format()}
        .with_hint("for the others: …:query(…):save(" + fleet::in_quotes(path) + ")");
  auto const column = request.one ? fleet::TenantColumn::no : fleet::TenantColumn::yes;
  Poured poured = pour(world, request,
                       {.sink = file, .format = *format, .tenant_column = column, .order = request.order});
  if (world.interrupt.stop_requested())
    throw Error{ErrorKind::interrupted, "interrupted: " + path + " was not written"};
  if (request.one && !poured.failures.empty()) throw poured.failures.front();
  bool const nothing =
      !request.chosen.tenants.empty() && poured.failures.size() == request.chosen.tenants.size();
  if (!nothing) file.commit();
  Answer answer = answer_of(world, request, std::move(poured.counts), std::move(poured.failures));
  if (nothing) answer.notes.push_back(path + " was not written: no tenant answered");
  return answer;
}

}  // namespace

std::vector<Parameter> tenant_query_parameters() {
  std::vector<Parameter> parameters = query_parameters();
  parameters.push_back({.name = "lock_timeout_ms",
                        .type = Type::integer,
                        .default_text = "0",
                        .brief = "how long a statement waits for a lock; 0: no limit"});
  parameters.push_back({.name = "wall_timeout_ms",
                        .type = Type::integer,
                        .default_text = "0",
                        .brief = "limit for all tenants together; what runs then is cancelled; 0: none"});
  parameters.push_back({.name = "save",
                        .type = Type::path,
                        .brief = "a file that gets the rows as they come; ends in .csv .tsv or .jsonl"});
  parameters.push_back({.name = "order",
                        .default_text = "tenants",
                        .brief = "of streamed rows: tenants, or arrival (whoever answers first)"});
  parameters.push_back({.name = "jobs",
                        .type = Type::integer,
                        .default_text = "--jobs",
                        .brief = "connections in use at once"});
  parameters.push_back({.name = "tenants",
                        .type = Type::selection,
                        .default_text = "all",
                        .brief = "all, a slug, a glob, key=value[,key=value] or @file"});
  return parameters;
}

Answer query_tenants(World& world, Arguments const& arguments) {
  Request const request = request_of(world, arguments);
  if (arguments.has("save")) return save(world, request, arguments.text("save"));
  if (world.printing && !request.one) return print(world, request, *world.printing);
  std::vector<fleet::Outcome> outcomes =
      world.fleet.query(request.chosen.tenants, request.statement, request.options);
  if (request.one) {
    if (outcomes.at(0).error) throw *outcomes[0].error;
    return {Rows{std::move(*outcomes[0].result), {}, 0}, {}, {}};
  }
  std::vector<std::string> answered = slugs_with_answer(outcomes);
  fleet::Merged merged = fleet::merge(std::move(outcomes));
  // Those whose columns did not fit the others' have become failures.
  for (Error const& failure : merged.failures) std::erase(answered, failure.tenant);
  Answer answer = answer_of(world, request, std::move(merged.rows), std::move(merged.failures));
  std::get<Rows>(answer.value).answered = std::move(answered);
  return answer;
}

}  // namespace scripting
