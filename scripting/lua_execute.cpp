// execute: one writing statement, on tenants and on master.

#include "scripting/execution.hpp"
#include "scripting/guard.hpp"
#include "scripting/objects.hpp"
#include "scripting/statements.hpp"

namespace scripting {

namespace {

Answer carry_out(Execution execution, Arguments const& arguments) {
  return arguments.boolean("plan") ? execution.plan() : execution.run();
}

Answer execute_on_tenants(World& world, Arguments const& arguments) {
  fleet::Selection const selection = receiver_selection(arguments);
  fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), selection);
  std::vector<std::string> notes = left_out_notes(chosen);
  Answer answer;
  if (chosen.tenants.empty()) {
    answer.value = Rows{};
    answer.notes.push_back("no tenant fits " + selection.text());
  } else {
    bool const one = chosen.tenants.size() == 1;
    std::string subject = one ? chosen.tenants[0].slug : selection.text();
    answer = carry_out({world, arguments, std::move(chosen.tenants), std::move(subject)}, arguments);
  }
  answer.notes.insert(answer.notes.begin(), notes.begin(), notes.end());
  return answer;
}

Answer execute_on_master(World& world, Arguments const& arguments) {
  return carry_out({world, arguments}, arguments);
}

std::vector<std::string> describe(World&, Arguments const& arguments) { return {arguments.text("sql")}; }

std::vector<Parameter> parameters() {
  std::vector<Parameter> made = query_parameters();
  made[0].brief = "one statement that writes; {schema_name} stands for the schema of a tenant that is one";
  made.push_back({.name = "transaction",
                  .type = Type::boolean,
                  .default_text = "true",
                  .brief = "false: at once and without a way back, for what no transaction takes (VACUUM, "
                           "CREATE INDEX CONCURRENTLY)"});
  made.push_back({.name = "lock_timeout",
                  .default_text = "5s",
                  .brief = "how long it waits for a lock that an application holds"});
  made.push_back({.name = "answer_within",
                  .default_text = "5m",
                  .brief =
                      "how long the open transactions wait for the answer before their servers roll them "
                      "back"});
  return made;
}

}  // namespace

void add_execute(Registry& registry) {
  std::vector<Parameter> several = parameters();
  several.push_back({.name = "all_or_none",
                     .type = Type::boolean,
                     .default_text = "false",
                     .brief = "one tenant's failure rolls all of them back"});
  several.push_back({.name = "batch",
                     .type = Type::integer,
                     .default_text = "20",
                     .brief = "tenants whose transactions are open at once, and asked about together"});
  several.push_back({.name = "jobs",
                     .type = Type::integer,
                     .default_text = "--jobs",
                     .brief = "connections in use at once"});
  several.push_back({.name = "tenants",
                     .type = Type::selection,
                     .default_text = "all",
                     .brief = "all, a slug, a glob, key=value[,key=value] or @file"});
  std::string const errors =
      "refused for a read, for what no rollback takes back, in a run, and in a protected environment that is "
      "not armed; declined; in_doubt when a COMMIT's answer was lost and its server cannot be asked; sql";
  registry.add(Method{
      .object = "tenants",
      .name = "execute",
      .effect = Effect::write,
      .parameters = std::move(several),
      .returns = "result: what the statement returned, tenant first; of one that returns nothing: tenant, "
                 "outcome, rows, elapsed_ms. Tenants that failed in .errors",
      .errors = errors,
      .brief =
          "One writing statement on every chosen tenant, each in a transaction of its own that stays open "
          "until you have seen the counts and said commit or rollback. What destroys wants the tenant's "
          "name typed. Rows in identity.tenant_audit say what was about to be done and what was.",
      .example =
          "tenants.acme:execute(\"update members.member set language = 'en' where false\", { plan = true })",
      .aliases = {"execute"},
      .receiver = Receiver::both,
      .asks = false,
      .own_plan = true,
      .run = execute_on_tenants,
      .describe = describe});
  registry.add(Method{
      .object = "master",
      .name = "execute",
      .effect = Effect::write,
      .parameters = parameters(),
      .returns = "result: what the statement returned, else tenant (master), outcome, rows, elapsed_ms",
      .errors = errors,
      .brief = "One writing statement on the master database, committed when you have seen what it did.",
      .example =
          "master:execute(\"update identity.db_server set region = region where false\", { plan = true })",
      .asks = false,
      .own_plan = true,
      .run = execute_on_master,
      .describe = describe});
}

}  // namespace scripting
