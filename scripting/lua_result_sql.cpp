// result:sql(): SQLite over results.

#include "scripting/result_rows.hpp"
#include "scripting/result_sql.hpp"

namespace scripting {

namespace {

Answer sql(World& world, Arguments const& arguments) {
  SqlQuestion question{.sql = arguments.text("sql"),
                       .tables = {{"result", table_of(arguments)}},
                       .stop = world.interrupt.get_token()};
  if (arguments.has("params")) question.params = arguments.json("params");
  auto const other = arguments.result("other");
  if (other) question.tables.push_back({"other", other->result});
  SqlAnswer answer = query_results(question);
  Answer made = derived(arguments, std::move(answer.rows));
  made.notes = std::move(answer.notes);
  return made;
}

}  // namespace

void add_result_sql(Registry& registry) {
  Method made = result_method(
      "sql", "result",
      "One select by SQLite over the rows, which are its table `result`; a second result may be its table "
      "`other`. Integers stay integers, numerics compare, sort and add up exactly (+ - * / and round() do "
      "not, and a note says so), everything else is its text. The copy is private; beyond 64 MiB it goes to "
      "an unlinked file in $TMPDIR.",
      "tenants:list():sql(\"select server, count(*) as tenants from result group by server\")");
  made.parameters = {
      {.name = "sql", .required = true, .positional = true, .brief = "one select … from result"},
      {.name = "params", .type = Type::list, .brief = "values of $1, $2, …"},
      {.name = "other", .type = Type::result, .brief = "another result, as the table `other`"}};
  made.errors =
      "sql with SQLite's message and the position; refused for anything but one select; interrupted";
  made.run = sql;
  registry.add(made);
}

}  // namespace scripting
