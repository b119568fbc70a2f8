// `master`: the control-plane database. `sql`: the short way to read from it, and what a statement would do.

#include "scripting/objects.hpp"
#include "scripting/statements.hpp"

namespace scripting {

namespace {

Answer query(World& world, Arguments const& arguments) {
  fleet::Result result = world.fleet.read(world.fleet.master(), statement_of(arguments),
                                          timeout_of(world, arguments), world.interrupt.get_token());
  return {Rows{std::move(result), {}, 0}, {}, {}};
}

Answer card(World& world, Arguments const&) { return {master_card(world), {}, {}}; }

Answer explain_effect(World&, Arguments const& arguments) {
  fleet::StatementFacts facts = fleet::examine_statement(arguments.text("sql"));
  Json json = Json::object();
  json["effect"] = fleet::to_string(facts.effect);
  json["verb"] = facts.verb;
  json["statements"] = facts.statements;
  json["functions"] = facts.functions;
  json["transaction_forbidden"] = facts.transaction_forbidden;
  json["destroys"] = facts.destroys.empty() ? Json() : Json(facts.destroys);
  return {std::move(json), {}, {}};
}

Method query_row(std::string object, std::string example) {
  return Method{
      .object = std::move(object),
      .name = "query",
      .parameters = query_parameters(),
      .returns = "result: the statement's own columns",
      .errors = "refused when the statement is no read; connect; sql with its SQLSTATE",
      .brief = "Reads from the master database: as a role that can only read, in a read-only transaction.",
      .example = std::move(example),
      .run = query};
}

}  // namespace

Card master_card(World& world) {
  auto const& environment = world.fleet.environment();
  Card card{"<master of " + environment.name + ">", {}};
  card.lines = {{"environment", environment.name},
                {"guard", std::string{to_string(environment.guard)}},
                {"dsn", world.fleet.secrets().redact(environment.master_dsn)}};
  if (!environment.master_secret.empty())
    card.lines.emplace_back("password", environment.master_secret.reference());
  return card;
}

void add_master(Registry& registry) {
  registry.add(Object{"master", "the control-plane database: registry, reference data, journal"});
  registry.add(query_row("master", "master:query(\"select count(*) from identity.tenant\")"));
  registry.add(Method{.object = "master",
                      .name = "card",
                      .returns = "card: environment, guard, connection without password",
                      .errors = "none",
                      .brief = "Where the master database is. Asks no server.",
                      .example = "master:card()",
                      .io = false,
                      .run = card});
}

void add_sql(Registry& registry) {
  registry.add(Object{.name = "sql", .brief = "SQL on master: sql(\"select …\") reads", .call = "query"});
  registry.add(query_row("sql", "sql(\"select slug, status from identity.tenant order by slug\")"));
  registry.add(Method{
      .object = "sql",
      .name = "explain_effect",
      .parameters =
          {{.name = "sql", .required = true, .positional = true, .brief = "one or more statements"}},
      .returns = "table: effect (read, write, session, outside), verb, statements, functions, "
                 "transaction_forbidden, destroys (nil when nothing)",
      .errors = "sql 42601 with the position when PostgreSQL's parser refuses the text",
      .brief = "What a statement would do, from PostgreSQL's own parse tree. Nothing is sent anywhere.",
      .example = "sql:explain_effect(\"vacuum full\").effect",
      .io = false,
      .run = explain_effect});
}

}  // namespace scripting
