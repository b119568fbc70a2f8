#include "runbooks/engine/approval.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runbooks {

char const* const approval_schema = R"sql(
create table if not exists runbook.approval (
  run_id text not null references runbook.run (id),
  digest text not null,
  approver text not null,
  operator text not null,
  comment text,
  at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create or replace function runbook.stamp_approval() returns trigger language plpgsql as $$
begin
  select usename into strict new.approver from pg_stat_activity where pid = pg_backend_pid();
  new.at := now();
  if exists (select from runbook.attempt where run_id = new.run_id and event = 'approval_requested'
             and outputs ->> 'digest' = new.digest and outputs ->> 'login' = new.approver) then
    raise exception 'login % asked for this approval and cannot give it', new.approver
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
do $$ begin
  if not exists (select from pg_trigger where tgrelid = 'runbook.approval'::regclass and tgname = 'stamp') then
    create trigger stamp before insert on runbook.approval for each row execute function runbook.stamp_approval();
  end if;
end $$;
)sql";

Json ApprovalRequest::to_json() const {
  return {{"digest", digest},          {"login", login}, {"count", count},
          {"valid_ms", valid.count()}, {"facts", facts}, {"plan", plan}};
}

ApprovalRequest ApprovalRequest::from_json(Json const& json) {
  ApprovalRequest request;
  request.digest = json.value("digest", "");
  request.login = json.value("login", "");
  request.count = json.value("count", 0);
  request.valid = std::chrono::milliseconds{json.value("valid_ms", 0L)};
  request.facts = json.value("facts", Json::object());
  request.plan = json.value("plan", Json::object());
  return request;
}

Json Approval::to_json() const {
  Json line{{"login", login}, {"operator", who}, {"at", at}, {"expires", expires}};
  if (!comment.empty()) line["comment"] = comment;
  return line;
}

std::string login_of(fleet::Session& session) {
  return std::string{session.query({"select usename from pg_stat_activity where pid = pg_backend_pid()"})
                         .value()
                         .value_or("")};
}

std::vector<Approval> approvals_of(fleet::Session& session, std::string const& run_id,
                                   std::string const& digest, std::vector<std::string> const& not_by) {
  auto const rows =
      session.query({"select distinct on (approver) approver, operator, coalesce(comment, '') as comment,"
                     " to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as at,"
                     " to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as expires"
                     " from runbook.approval where run_id = $1 and digest = $2 and revoked_at is null and "
                     "expires_at > now()"
                     " order by approver, runbook.approval.at",
                     {run_id, digest}});
  std::vector<Approval> approvals;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::string const login = rows.text(i, "approver");
    if (std::find(not_by.begin(), not_by.end(), login) != not_by.end()) continue;
    approvals.push_back({login, rows.text(i, "operator"), rows.text(i, "comment"), rows.text(i, "at"),
                         rows.text(i, "expires")});
  }
  return approvals;
}

void approve(fleet::Session& session, std::string const& run_id, ApprovalRequest const& request,
             std::string const& who, std::string const& comment) {
  if (std::string const login = login_of(session); login == request.login)
    throw fleet::Error{fleet::ErrorKind::refused,
                       fmt::format("login {} asked for this approval and cannot give it", login)}
        .with_hint(
            "another person approves, with a database login of their own; superusers are no exception");
  session.query(
      {"insert into runbook.approval (run_id, digest, approver, operator, comment, expires_at)"
       " values ($1, $2, session_user, $3, nullif($4, ''), now() + $5::float8 * interval '1 ms')",
       {run_id, request.digest, who, comment, std::to_string(request.valid.count())}});
}

std::size_t revoke_approvals(fleet::Session& session, std::string const& run_id) {
  return session
      .query({"update runbook.approval set revoked_at = now() where run_id = $1 and revoked_at is null"
              " and approver = (select usename from pg_stat_activity where pid = pg_backend_pid())",
              {run_id}})
      .affected;
}

}  // namespace runbooks
