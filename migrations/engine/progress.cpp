#include "migrations/engine/progress.hpp"

namespace migrations {

ProgressRow::ProgressRow(fleet::Session& session, Target const& target, Migration const& file,
                         Direction direction)
    : session_(session),
      key_{std::string{to_string(target.scope)}, target.schema_name, file.name,
           direction == Direction::up ? "up" : "down"} {}

std::optional<Progress> ProgressRow::read() {
  if (!session_.query("select pg_catalog.to_regclass('tenantsh.progress')").value()) {
    session_.query(R"sql(
      create table if not exists tenantsh.progress (
        scope       text not null,
        schema_name text not null,
        name        text not null,
        direction   text not null,
        digest      text not null,
        done        integer not null,
        begun       boolean not null,
        at          timestamptz not null,
        primary key (scope, schema_name, name, direction)
      ))sql");
    return std::nullopt;
  }
  fleet::Result const rows =
      session_.query({"select digest, done, begun from tenantsh.progress "
                      "where scope = $1 and schema_name = $2 and name = $3 and direction = $4",
                      key_});
  if (rows.empty()) return std::nullopt;
  return Progress{rows.text(0, "digest"), std::stoi(rows.text(0, "done")), rows.text(0, "begun") == "t"};
}

void ProgressRow::write(Progress const& progress) {
  fleet::Statement::Parameters parameters = key_;
  parameters.insert(parameters.end(),
                    {progress.digest, std::to_string(progress.done), progress.begun ? "t" : "f"});
  session_.query(
      {"insert into tenantsh.progress (scope, schema_name, name, direction, digest, done, begun, at) "
       "values ($1, $2, $3, $4, $5, $6::integer, $7::boolean, pg_catalog.clock_timestamp()) "
       "on conflict (scope, schema_name, name, direction) do update set digest = excluded.digest, "
       "done = excluded.done, begun = excluded.begun, at = excluded.at",
       std::move(parameters)});
}

void ProgressRow::erase() {
  session_.query(
      {"delete from tenantsh.progress "
       "where scope = $1 and schema_name = $2 and name = $3 and direction = $4",
       key_});
}

}  // namespace migrations
