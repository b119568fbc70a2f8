#include "runbooks/engine/journal.hpp"

#include <fmt/format.h>

#include "runbooks/engine/approval.hpp"

namespace runbooks {

char const* const journal_schema = R"sql(
create schema if not exists runbook;
create table if not exists runbook.run (
  id text primary key,
  runbook text not null,
  environment text not null,
  state text not null check (state in ('running', 'done', 'failed', 'stopped', 'waiting', 'detached', 'abandoned',
                                                 'undone')),
  started_at timestamptz not null,
  ended_at timestamptz,
  operator text not null,
  host text not null,
  pid integer not null,
  process_start text not null,
  epoch integer not null default 1,
  last_step text,
  inputs jsonb not null,
  script_sha256 text not null,
  script text not null
);
create table if not exists runbook.attempt (
  run_id text not null references runbook.run (id),
  seq integer not null,
  at timestamptz not null,
  event text not null,
  step_path text,
  kind text,
  attempt integer,
  body_hash text,
  epoch integer not null,
  operator text,
  elapsed_ms bigint,
  outputs jsonb,
  error jsonb,
  note text,
  item text,
  target text,
  primary key (run_id, seq)
);
alter table runbook.attempt add column if not exists item text;
alter table runbook.attempt add column if not exists target text;
alter table runbook.run drop constraint if exists run_state_check;
alter table runbook.run add constraint run_state_check
  check (state in ('running', 'done', 'failed', 'stopped', 'waiting', 'detached', 'abandoned', 'undone'));
create table if not exists runbook.item (
  run_id text not null references runbook.run (id),
  step_path text not null,
  item text not null,
  state text not null,
  at timestamptz not null,
  outputs jsonb,
  error jsonb,
  primary key (run_id, step_path, item)
);
create table if not exists runbook.lease (
  object text primary key,
  run_id text not null,
  runbook text not null,
  operator text not null,
  host text not null,
  pid integer not null,
  process_start text not null,
  step_path text,
  reason text,
  epoch integer not null,
  acquired_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now()
);
create table if not exists runbook.note (
  run_id text not null references runbook.run (id),
  at timestamptz not null default now(),
  author text not null,
  text text not null
);
)sql";

namespace {

std::optional<std::string> json_or_null(Json const& value) {
  if (value.is_null()) return std::nullopt;
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> text_or_null(std::string const& value) {
  return value.empty() ? std::nullopt : std::optional{value};
}

// One statement: the run's row moves (fenced by its epoch), the lease says where we are or, with the run's
// last line, is given up, and the line is added.
constexpr char const* append_sql = R"sql(
with fence as (
  update runbook.run set state = $3, last_step = coalesce($4, last_step),
         ended_at = case when $3 = 'running' then null else $5::timestamptz end
  where id = $1 and epoch = $2::int returning id),
lease as (
  update runbook.lease set step_path = coalesce($4, step_path), heartbeat_at = now()
  where run_id = $1 and epoch = $2::int and $3 not in ('done', 'undone') returning 1),
over as (
  delete from runbook.lease where run_id = (select id from fence) and $3 in ('done', 'undone')),
line as (
  insert into runbook.attempt (run_id, seq, at, event, step_path, kind, attempt, body_hash, epoch, operator,
                               elapsed_ms, outputs, error, note, item, target)
  select id, $6::int, $5::timestamptz, $7, $4, $8, $9::int, $10, $2::int, $11, $12::bigint, $13::jsonb, $14::jsonb,
         $15, $16, $17 from fence
  on conflict (run_id, seq) do nothing returning 1),
item as (
  insert into runbook.item (run_id, step_path, item, state, at, outputs, error)
  select id, $4, $16, $7, $5::timestamptz, $13::jsonb, $14::jsonb from fence where $16 is not null
  on conflict (run_id, step_path, item) do update
     set state = excluded.state, at = excluded.at, outputs = excluded.outputs, error = excluded.error)
select (select count(*) from fence), (select count(*) from line), (select count(*) from lease),
       set_config('synchronous_commit', case when $3 = 'running' then 'off' else 'on' end, true))sql";

Transcript::Note noting(Console* console) {
  return [console](std::string_view text) {
    if (console != nullptr) console->note(text);
  };
}

}  // namespace

Journal::Journal(Parts parts, std::string id, std::string started, Json head)
    : parts_(std::move(parts)),
      id_(std::move(id)),
      started_(std::move(started)),
      head_(std::move(head)),
      transcript_(id_, noting(parts_.console)) {
  record_.id = id_;
}

Journal::Journal(Parts parts, std::filesystem::path mirror, std::vector<Event> events, std::string id,
                 Attach when)
    : parts_(std::move(parts)),
      id_(std::move(id)),
      transcript_(id_, noting(parts_.console)),
      events_(std::move(events)) {
  record_ = replay(id_, events_);
  epoch_ = record_.epoch;
  started_ = fleet::compact_time(parts_.fleet.clock().now());
  // A run made on another machine has no mirror here: it gets one, beginning with what master knows.
  if (!mirror.empty()) {
    mirror_.emplace(Mirror::open(mirror));
    durable_ = events_.size();
  }
  if (!events_.empty()) head_ = events_.front().outputs;
  if (when == Attach::now) attach();
}

Journal::~Journal() = default;

void Journal::append(Event event, Durability durability) {
  event.seq = record_.last_seq + 1;
  event.at = fleet::iso_time(parts_.fleet.clock().now());
  event.who = parts_.who.name();
  event.epoch = epoch_;
  // What a script returns or a person gives as a reason may hold the value of a secret.
  fleet::Secrets const& secrets = parts_.fleet.secrets();
  event.note = secrets.redact(std::move(event.note));
  event.outputs = without_secrets(event.outputs, secrets);
  event.error = without_secrets(event.error, secrets);
  events_.push_back(event);
  record_.apply(event);
  if (durability == Durability::hold) return;
  while (durable_ < events_.size()) write(events_[durable_++]);
}

void Journal::write(Event const& event) {
  if (!mirror_) mirror_.emplace(Mirror::create(parts_.folder, started_, id_));
  mirror_->append(event, parts_.boundary);
  transcript_.bring_up(mirror_->file(), events_, durable_);
  if (parts_.boundary) parts_.boundary("mirrored", event.step);
  if (!attached_) return;
  try {
    write_to_master(event);
    if (parts_.boundary) parts_.boundary("journalled", event.step);
  } catch (fleet::Error const& error) {
    // The mirror has the line; master gets it when it comes back. A fence is no outage.
    if (error.kind == fleet::ErrorKind::locked) throw;
    detach(error);
  }
}

// Only with its last line is a run over there: one that ends here while lines are still on their way would be
// taken for complete, should we be killed in between.
void Journal::write_to_master(Event const& event) {
  bool const last = event.seq == record_.last_seq;
  auto const counts = session_->query(
      {append_sql,
       {id_, std::to_string(epoch_), last ? record_.state : "running", text_or_null(event.step), event.at,
        std::to_string(event.seq), event.event, text_or_null(event.kind), std::to_string(event.attempt),
        text_or_null(event.hash), event.who, std::to_string(event.ms), json_or_null(event.outputs),
        json_or_null(event.error), text_or_null(event.note), text_or_null(event.item),
        text_or_null(event.target)}});
  if (counts.at(0, std::size_t{0}) == "0")
    throw fleet::Error{fleet::ErrorKind::locked, fmt::format("run {} was taken over by another process", id_)}
        .with_hint(fmt::format("look with: tenantsh runs show {}", id_));
}

void Journal::detach(fleet::Error const& why) {
  why_detached_ = why.message;
  attached_ = false;
  session_.reset();
}

void Journal::ensure_schema() {
  // The newest thing in it: a schema made by an earlier version is brought up to date.
  if (session_->query({"select to_regclass('runbook.approval') is not null"}).value() == "t") return;
  // Two first runs at once: the advisory lock makes one wait, `if not exists` makes the second a no-op.
  fleet::Transaction transaction{*session_, fleet::Access::read_write};
  session_->query({"select pg_advisory_xact_lock(hashtextextended('tenantsh:runbook schema', 0))"});
  session_->script(journal_schema);
  session_->script(approval_schema);
  transaction.commit();
}

fleet::Session* Journal::connect() {
  if (session_) return session_.get();
  try {
    session_ =
        parts_.fleet.driver().connect(parts_.fleet.journal(), parts_.fleet.secrets(),
                                      {.role = {}, .application_name = parts_.who.application_name(id_)});
    // The mirror is fsynced before anything is done; should the server crash, what it had not written yet is
    // copied from there. Waiting for its disk at each line as well would double the cost of a step; it is
    // waited for at the run's last line, after which nobody copies any more.
    session_->query({"set synchronous_commit = off"});
  } catch (fleet::Error const& error) {
    detach(error);
  }
  return session_.get();
}

bool Journal::attach() {
  if (attached_) return true;
  if (connect() == nullptr) return false;
  try {
    ensure_schema();
    session_->query(
        {"insert into runbook.run (id, runbook, environment, state, started_at, operator, host, pid, "
         "process_start,"
         " inputs, script_sha256, script, epoch)"
         " values ($1, $2, $3, 'running', $4::timestamptz, $5, $6, $7::int, $8, $9::jsonb, $10, $11, "
         "$12::int)"
         " on conflict (id) do nothing",
         {id_, head_.value("runbook", ""), head_.value("environment", ""),
          record_.started.empty() ? fleet::iso_time(parts_.fleet.clock().now()) : record_.started,
          parts_.who.name(), parts_.who.host, std::to_string(parts_.who.process.pid),
          parts_.who.process.start_time, head_.value("inputs", Json::object()).dump(),
          head_.value("sha256", ""), head_.value("script", ""), std::to_string(epoch_)}});
    auto const seen =
        session_->query({"select coalesce(max(seq), 0) from runbook.attempt where run_id = $1", {id_}})
            .value();
    std::size_t const first = seen ? static_cast<std::size_t>(std::stol(*seen)) : 0;
    for (std::size_t i = first; i < durable_; ++i) write_to_master(events_[i]);
    attached_ = true;
  } catch (fleet::Error const& error) {
    if (error.kind == fleet::ErrorKind::locked) throw;
    detach(error);
    return false;
  }
  why_detached_.clear();
  return true;
}

void Journal::take_over() {
  epoch_ = record_.epoch + 1;
  if (!attached_) return;
  fleet::Transaction transaction{*session_, fleet::Access::read_write};
  session_->query({"set local synchronous_commit = on"});  // the fence must hold whatever happens
  auto const raised = session_->query(
      {"update runbook.run set epoch = greatest(epoch + 1, $2::int), operator = $3, host = $4, pid = $5::int,"
       " process_start = $6, state = 'running', ended_at = null where id = $1 returning epoch",
       {id_, std::to_string(epoch_), parts_.who.name(), parts_.who.host,
        std::to_string(parts_.who.process.pid), parts_.who.process.start_time}});
  transaction.commit();
  if (auto epoch = raised.value()) epoch_ = std::stoi(*epoch);
}

}  // namespace runbooks
