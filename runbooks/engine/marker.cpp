#include "runbooks/engine/marker.hpp"

namespace runbooks {

namespace {

bool has_marker_table(fleet::Session& session) {
  return session.query({"select to_regclass('tenantsh.step_marker') is not null"}).value() == "t";
}

}  // namespace

void ensure_marker_table(fleet::Session& session) {
  if (has_marker_table(session)) return;
  session.query({"select pg_advisory_xact_lock(hashtextextended('tenantsh:schema tenantsh', 0))"});
  session.query({"create schema if not exists tenantsh"});
  session.query(
      {"create table if not exists tenantsh.step_marker ("
       " run_id text not null, step_path text not null, item text not null default '', epoch integer not "
       "null,"
       " xid xid8 not null default pg_current_xact_id(), outputs jsonb, at timestamptz not null default "
       "now(),"
       " primary key (run_id, step_path, item))"});
}

void write_marker(fleet::Session& session, MarkerKey const& key, int epoch, Json const& outputs) {
  session.query(
      {"insert into tenantsh.step_marker (run_id, step_path, item, epoch, outputs)"
       " values ($1, $2, $3, $4::int, $5::jsonb)",
       {key.run_id, key.step, key.item, std::to_string(epoch),
        outputs.dump(-1, ' ', false, Json::error_handler_t::replace)}});
}

std::optional<Json> read_marker(fleet::Session& session, MarkerKey const& key) {
  if (!has_marker_table(session)) return std::nullopt;
  auto const row =
      session.query({"select coalesce(outputs, 'null') as outputs from tenantsh.step_marker"
                     " where run_id = $1 and step_path = $2 and item = $3",
                     {key.run_id, key.step, key.item}});
  if (row.empty()) return std::nullopt;
  return Json::parse(row.text(0, "outputs"));
}

bool delete_marker(fleet::Session& session, MarkerKey const& key) {
  if (!has_marker_table(session)) return false;
  return !session
              .query({"delete from tenantsh.step_marker where run_id = $1 and step_path = $2 and item = $3"
                      " returning 1",
                      {key.run_id, key.step, key.item}})
              .empty();
}

}  // namespace runbooks
