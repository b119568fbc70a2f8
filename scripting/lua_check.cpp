// runbooks: check.

#include <fmt/format.h>

#include "scripting/check.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::ErrorKind;

std::string counted(std::size_t count, std::string const& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Answer check(World& world, Arguments const& arguments) {
  auto const files = arguments.list("files");
  auto const report =
      check_files(world, files, arguments.boolean("offline") ? Reach::offline : Reach::online);
  using fleet::type_oid::int4;
  Rows rows{fleet::Result{
                {{"file"}, {"line", int4}, {"column", int4}, {"rule"}, {"severity"}, {"message"}, {"hint"}}},
            {},
            0};
  rows.lines.emplace();
  std::size_t warnings = 0;
  auto const number = [&](int value) {
    if (value > 0)
      rows.result.append(std::to_string(value));
    else
      rows.result.append(std::nullopt);
  };
  for (Finding const& finding : report.findings) {
    rows.result.append(finding.file);
    number(finding.at.line);
    number(finding.at.column);
    rows.result.append(finding.rule);
    rows.result.append(to_string(finding.severity));
    rows.result.append(finding.message);
    rows.result.append(finding.hint);
    *rows.lines += finding_text(finding);
    warnings += finding.severity == Severity::warning ? 1 : 0;
  }
  std::size_t const errors = report.findings.size() - warnings;
  Answer answer{std::move(rows), report.notes, {}};
  answer.notes.push_back(counted(files.size(), "file") + " checked, " +
                         (report.findings.empty()
                              ? "nothing found"
                              : counted(errors, "error") + " and " + counted(warnings, "warning")));
  if (errors > 0 || (warnings > 0 && arguments.boolean("strict"))) answer.ended = ErrorKind::pending;
  return answer;
}

}  // namespace

void add_check(Registry& registry) {
  registry.add(Method{
      .object = "runbooks",
      .name = "check",
      .parameters = {{.name = "files",
                      .type = Type::list,
                      .required = true,
                      .positional = true,
                      .brief = "runbooks and scripts: files, or names of shipped runbooks"},
                     {.name = "strict", .type = Type::boolean, .brief = "warnings end with exit 8 too"},
                     {.name = "offline",
                      .type = Type::boolean,
                      .brief = "do not ask the registry which tenants and servers exist"}},
      .returns = "result: file, line, column, rule, severity (error | warning), message, hint; ends with "
                 "exit 8 when there is an error",
      .errors = "not_found or usage for what is no file",
      .brief = "What is wrong with runbooks and scripts, before anything of them runs: nothing is "
               "executed but a runbook's declarations.",
      .example = "runbooks:check{ \"master_init\", \"tenant_backup\" }",
      .aliases = {"check"},
      .run = check});
}

}  // namespace scripting
