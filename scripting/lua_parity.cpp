// `tenants.acme:parity`: whether two placements hold the same.

#include "scripting/lua_parity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/fan_out.hpp"
#include "fleet/parity.hpp"
#include "scripting/objects.hpp"
#include "scripting/told.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::ParityFinding;
using fleet::ParityState;
using fleet::RowDifference;

constexpr int usual_jobs = 4, most_jobs = 64;

fleet::ParityPlace place_of(World& world, std::string const& slug) {
  fleet::Tenant const& tenant = world.fleet.tenant(slug);
  fleet::ParityPlace place;
  place.name = slug;
  place.endpoint = world.fleet.endpoint(tenant);
  if (tenant.placement == fleet::Placement::schema) place.schema = tenant.schema_name;
  using Status = fleet::TenantStatus;
  place.fenced = tenant.status == Status::read_only || tenant.status == Status::suspended ||
                 tenant.status == Status::retired;
  // A password that a person types is asked for here: the threads that connect cannot.
  fleet::resolve_prompted(world.fleet.secrets(), place.endpoint);
  return place;
}

std::int64_t within(Arguments const& arguments, char const* name, std::int64_t fallback, std::int64_t least,
                    std::int64_t most) {
  std::int64_t const value = arguments.integer(name, fallback);
  if (value < least || value > most)
    throw Error{ErrorKind::usage,
                fmt::format("{} is a number from {} to {}, not {}", name, least, most, value)};
  return value;
}

fleet::ParityRequest request_of(World& world, Arguments const& arguments) {
  if (arguments.has("with") == arguments.has("manifest"))
    throw Error{ErrorKind::usage, arguments.has("with")
                                      ? "with and manifest are given: one of them can be compared"
                                      : "nothing to compare it with"}
        .with_hint("with = \"SLUG\" for another tenant, manifest = \"PATH\" for a backup");
  fleet::ParityRequest request;
  request.here = place_of(world, std::get<TenantRef>(arguments.self).slug);
  if (arguments.has("with")) request.there = place_of(world, arguments.text("with"));
  request.tables = arguments.list("tables");
  if (arguments.has("structure")) request.structure = arguments.list("structure");
  request.digests = arguments.boolean("digests", true);
  request.jobs = static_cast<int>(
      within(arguments, "jobs",
             world.settings.jobs > 0 ? std::min(world.settings.jobs, most_jobs) : usual_jobs, 1, most_jobs));
  request.drift = within(arguments, "drift", 0, 0, INT64_MAX);
  request.show = static_cast<std::size_t>(within(arguments, "show", 10, 0, 1000));
  request.looks = static_cast<int>(within(arguments, "looks", 3, 1, 100));
  return request;
}

// "parity: 34 of 60 tables, 210 of 700 MB, about 2 s left"
std::string line_of(fleet::ParityProgress const& progress, double seconds) {
  if (int const look = progress.look; look > 1) return fmt::format("parity: look {} at what differs", look);
  double const done = static_cast<double>(progress.bytes), all = static_cast<double>(progress.bytes_in_all);
  std::string text = fmt::format("parity: {} of {} tables, {:.0f} of {:.0f} MB", progress.tables.load(),
                                 progress.tables_in_all.load(), done / 1e6, all / 1e6);
  if (done > 0 && done < all) text += fmt::format(", about {:.0f} s left", (all - done) * seconds / done);
  return text;
}

fleet::ParityReport compare(World& world, Arguments const& arguments) {
  fleet::ParityRequest const request = request_of(world, arguments);
  fleet::ParityProgress progress;
  fleet::ParityMeans const means{.driver = world.fleet.driver(),
                                 .secrets = world.fleet.secrets(),
                                 .application_name = world.fleet.application_name(),
                                 .stop = world.interrupt.get_token(),
                                 .progress = &progress,
                                 .timeout_ms = world.settings.timeout_ms};
  fleet::ParityReport report;
  told(
      world, [&](double seconds) { return line_of(progress, seconds); },
      [&] {
        report = arguments.has("manifest") ? fleet::compare(request, arguments.text("manifest"), means)
                                           : fleet::compare(request, means);
      });
  return report;
}

// ---- how it is told ------------------------------------------------------------------------------------

Json values_json(RowDifference const& row, std::optional<std::string> fleet::ParityValue::*side) {
  Json values = Json::object();
  for (fleet::ParityValue const& value : row.values)
    values[value.column] = value.*side ? Json(*(value.*side)) : Json();
  return values;
}

bool is_here(RowDifference const& row) { return row.times_here > 0; }
bool is_there(RowDifference const& row) { return row.times_there > 0; }

std::string keys_json(ParityFinding const& finding) {
  Json keys = Json::array();
  for (RowDifference const& row : finding.rows) {
    Json one{{"what", to_string(row.what)}};
    if (!row.key.empty()) one["key"] = row.key;
    one["times_here"] = row.times_here;
    one["times_there"] = row.times_there;
    bool const other = row.what == RowDifference::What::more_there;
    if (is_here(row) && !other && !row.values.empty())
      one["here"] = values_json(row, &fleet::ParityValue::here);
    if (is_there(row) && row.what != RowDifference::What::more_here && !row.values.empty())
      one["there"] = values_json(row, &fleet::ParityValue::there);
    keys.push_back(std::move(one));
  }
  return keys.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_of(std::optional<std::string> const& value) {
  if (!value) return "NULL";
  if (value->empty()) return "''";
  std::string text;
  for (char c : *value) text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
  return text;
}

// "amount 10.00 here, 10.0 there", "missing there: id=7, amount=1".
std::string row_text(RowDifference const& row) {
  using What = RowDifference::What;
  std::string text;
  if (row.what == What::different) {
    for (fleet::ParityValue const& value : row.values)
      text += fmt::format("{}{} {} here, {} there", text.empty() ? "" : "; ", value.column,
                          text_of(value.here), text_of(value.there));
    return text.empty() ? "different" : text;
  }
  text = to_string(row.what);
  if (row.times_here > 1 || row.times_there > 1)
    text += fmt::format(" ({} here, {} there)", row.times_here, row.times_there);
  bool const here = row.what == What::missing_there || row.what == What::more_here;
  for (std::size_t i = 0; i < row.values.size(); ++i)
    text += fmt::format("{}{}={}", i == 0 ? ": " : ", ", row.values[i].column,
                        text_of(here ? row.values[i].here : row.values[i].there));
  return text;
}

std::string count_text(std::int64_t count, std::string const& one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string finding_text(ParityFinding const& finding) {
  std::string text;
  if (finding.rows_here && finding.rows_there)
    text = *finding.rows_here == *finding.rows_there
               ? count_text(*finding.rows_here, "row")
               : fmt::format("{} here, {} there", count_text(*finding.rows_here, "row"), *finding.rows_there);
  else if (finding.rows_here || finding.rows_there)
    text = count_text(finding.rows_here ? *finding.rows_here : *finding.rows_there, "row");
  if (finding.kind == "table" && finding.differing.value_or(0) > 0)
    text += fmt::format(", {} differ{}", *finding.differing, *finding.differing == 1 ? "s" : "");
  if (!finding.says.empty()) text += (text.empty() ? "" : "; ") + finding.says;
  return text;
}

std::string lines_of(fleet::ParityReport const& report) {
  std::size_t state = 0, name = 0;
  for (ParityFinding const& finding : report.findings) {
    state = std::max(state, to_string(finding.state).size());
    name = std::max(name, std::min<std::size_t>(finding.name.size(), 50));
  }
  std::string lines;
  for (ParityFinding const& finding : report.findings) {
    std::string line = fmt::format("{:<{}}  {:<{}}  {}", to_string(finding.state), state, finding.name, name,
                                   text_of(finding_text(finding)));
    line.erase(line.find_last_not_of(' ') + 1);
    lines += line + "\n";
    for (RowDifference const& row : finding.rows)
      lines +=
          fmt::format("{:<{}}    {}{}{}\n", "", state, row.key, row.key.empty() ? "" : ": ", row_text(row));
    auto const more = finding.differing.value_or(0) - static_cast<std::int64_t>(finding.rows.size());
    if (!finding.rows.empty() && more > 0) lines += fmt::format("{:<{}}    and {} more\n", "", state, more);
  }
  return lines;
}

Answer parity(World& world, Arguments const& arguments) {
  fleet::ParityReport report = compare(world, arguments);
  using namespace fleet::type_oid;
  Rows rows{fleet::Result{{{"table"},
                           {"kind"},
                           {"state"},
                           {"rows_here", int8},
                           {"rows_there", int8},
                           {"differing", int8},
                           {"keys", json},
                           {"says"}}},
            {},
            0};
  auto number = [&](std::optional<std::int64_t> value) {
    rows.result.append(value ? std::optional{std::to_string(*value)} : std::nullopt);
  };
  for (ParityFinding const& finding : report.findings) {
    rows.result.append(finding.name);
    rows.result.append(finding.kind);
    rows.result.append(to_string(finding.state));
    number(finding.rows_here);
    number(finding.rows_there);
    number(finding.differing);
    rows.result.append(finding.rows.empty() ? std::nullopt : std::optional{keys_json(finding)});
    rows.result.append(finding.says.empty() ? std::nullopt : std::optional{finding.says});
  }
  if (!report.findings.empty()) rows.lines = lines_of(report);
  Answer answer{std::move(rows), std::move(report.notes), {}};
  if (!report.holds()) answer.ended = ErrorKind::pending;
  return answer;
}

}  // namespace

void add_parity(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "parity",
      .parameters = {{.name = "with", .type = Type::tenant, .brief = "the tenant that it is compared with"},
                     {.name = "manifest",
                      .type = Type::path,
                      .brief = "or the manifest of a backup (or the archive that it lies beside)"},
                     {.name = "tables",
                      .type = Type::list,
                      .default_text = "all",
                      .brief = "globs over schema.table or table; then nothing but their rows is compared"},
                     {.name = "structure",
                      .type = Type::list,
                      .default_text = "pgboss",
                      .brief = "schemas, also globs, whose rows are not compared"},
                     {.name = "digests",
                      .type = Type::boolean,
                      .default_text = "true",
                      .brief = "compare what is in the rows; false: only how many there are"},
                     {.name = "jobs",
                      .type = Type::integer,
                      .default_text = "--jobs or 4",
                      .brief = "connections a side"},
                     {.name = "drift",
                      .type = Type::integer,
                      .default_text = "0",
                      .brief = "how many rows of a table may differ, and how far a sequence"},
                     {.name = "show",
                      .type = Type::integer,
                      .default_text = "10",
                      .brief = "rows of a table that are shown when they differ"},
                     {.name = "looks",
                      .type = Type::integer,
                      .default_text = "3",
                      .brief = "how often rows that differ are looked at while somebody writes"}},
      .returns =
          "result: table, kind (table, sequence, structure, grant, setting, extension, database, large "
          "objects), state (same, within drift, different, missing here, missing there, failed), rows_here, "
          "rows_there, differing, keys (json: the first rows that differ), says; every table, of other "
          "kinds what differs; ended pending when something differs",
      .errors = "usage for a glob that fits no table, or a tenant with itself; refused for a database and a "
                "schema; "
                "connect naming the dead side; not_found without the manifest; interrupted",
      .brief = "Whether two placements hold the same: table by table, down to the rows that differ, and what "
               "stands around the rows. Both go on serving. help\"parity\" says what is not compared.",
      .example = "tenants.acme:parity{ with = \"beta\", tables = { \"security.*\" } }",
      .receiver = Receiver::member,
      .run = parity});
}

}  // namespace scripting
