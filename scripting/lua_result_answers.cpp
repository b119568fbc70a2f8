// Rows of `result` that compare what several tenants answered: answers, outliers, diff.

#include "scripting/result_answers.hpp"
#include "scripting/result_difference.hpp"
#include "scripting/result_rows.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

Answer answers(World&, Arguments const& arguments) {
  return derived(arguments, distinct_answers(*arguments.rows));
}

Answer outliers(World&, Arguments const& arguments) {
  std::int64_t const times = arguments.integer("times", 6);
  if (times < 1 || times > 1000000) throw Error{ErrorKind::usage, "result.outliers: times is 1 to 1000000"};
  return outlying_rows(*arguments.rows,
                       {.column = arguments.text("column"), .times = static_cast<unsigned>(times)});
}

Answer diff(World&, Arguments const& arguments) {
  return difference(
      *arguments.rows,
      {.left = arguments.text("left"), .right = arguments.text("right"), .keys = arguments.list("keys")});
}

}  // namespace

void add_result_answers(Registry& registry) {
  std::string const query = "tenants:query(\"select name from tenantsh.ledger order by 1\")";

  Method made = result_method(
      "answers",
      "result: answer, tenants, examples, rows, at_row when an answer has several rows, the row's columns",
      "The different answers of a fan-out, that of most tenants first. Equal answers hold the same rows in "
      "the same order, each cell the same text (1.0 and 1.00 differ), NULL and '' apart. Of several rows it "
      "shows the first that is not as in answer 1; :sort first when the order does not matter.",
      query + ":answers()");
  made.errors = "usage for a result without a column `tenant`";
  made.run = answers;
  registry.add(made);

  made = result_method(
      "outliers", "result: the rows of the tenants that stand out",
      "Where more than half of the tenants gave one answer, the others stand out. Without such an answer, or "
      "for a named column, those do whose number is farther from the median than `times` the median of these "
      "distances (one row per tenant); a note says by which rule.",
      "tenants:query(\"select count(*) from members.member\"):outliers{ column = \"count\" }");
  made.parameters = {{.name = "column", .brief = "judge the numbers of this column by their distance"},
                     {.name = "times",
                      .type = Type::integer,
                      .default_text = "6",
                      .brief = "how many median distances are too far"}};
  made.errors = "usage for a result without a column `tenant`, or several rows per tenant with a column";
  made.run = outliers;
  registry.add(made);

  made = result_method(
      "diff", "result: tenant (whose row), differs (with keys: which columns), the rows' columns",
      "The rows that one of two tenants has and the other has not, or not as often; their order does not "
      "matter. With keys, rows of the same key stand together.",
      query + ":diff(\"acme\", \"beta\", { keys = \"name\" })");
  made.parameters = {
      {.name = "left", .type = Type::tenant, .required = true, .positional = true, .brief = "one tenant"},
      {.name = "right", .type = Type::tenant, .required = true, .positional = true, .brief = "the other"},
      {.name = "keys",
       .type = Type::list,
       .brief = "columns that say which row is which; one name or a list"}};
  made.errors = "not_found for a tenant without an answer; usage for a key that one tenant has twice";
  made.run = diff;
  registry.add(made);
}

}  // namespace scripting
