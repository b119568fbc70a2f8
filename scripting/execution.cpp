#include "scripting/execution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "migrations/engine/placeholder.hpp"
#include "scripting/execution_text.hpp"
#include "scripting/guard.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/statements.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::HeldWrite;
using fleet::StatementEffect;
using State = fleet::HeldWrite::State;

constexpr std::int64_t default_batch = 20;
constexpr std::int64_t largest_batch = 200;  // sessions of ours that wait for a person

std::chrono::milliseconds interval(Arguments const& arguments, char const* name, char const* otherwise) {
  std::string const text = arguments.text(name, otherwise);
  auto const parsed = fleet::parse_interval(text);
  if (!parsed)
    throw Error{ErrorKind::usage, fmt::format("execute: {}: {} is no interval", name, fleet::in_quotes(text))}
        .with_hint(fmt::format("{} = \"30s\", \"500ms\" or \"5m\"; \"0s\": without end", name));
  return *parsed;
}

// CREATE of what lives in the database and has an owner: as in a migration, that is not the admin.
bool makes_objects(std::string_view verb) {
  for (char const* kind : {"TABLE", "INDEX", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FUNCTION", "PROCEDURE",
                           "TYPE", "DOMAIN", "SCHEMA", "AGGREGATE", "STATISTICS"})
    if (verb == std::string{"CREATE "} + kind || verb == std::string{"CREATE "} + kind + " AS") return true;
  return false;
}

// Ctrl-C waits while this lives: what was promised to be committed is.
class HeldInterrupts {
 public:
  explicit HeldInterrupts(World& world) : world_(world) { hold(true); }
  ~HeldInterrupts() { hold(false); }
  HeldInterrupts(HeldInterrupts const&) = delete;
  HeldInterrupts& operator=(HeldInterrupts const&) = delete;

 private:
  void hold(bool yes) {
    if (world_.hold_interrupts) world_.hold_interrupts(yes);
  }
  World& world_;
};

}  // namespace

Execution::Execution(World& world, Arguments const& arguments, std::vector<fleet::Tenant> tenants,
                     std::string subject)
    : world_(world), arguments_(arguments), subject_(std::move(subject)) {
  for (fleet::Tenant& tenant : tenants) {
    fleet::Endpoint place = world_.fleet.endpoint(tenant);
    add_target(std::move(tenant), std::move(place));
  }
}

Execution::Execution(World& world, Arguments const& arguments)
    : world_(world), arguments_(arguments), subject_("master"), on_master_(true) {
  fleet::Tenant master;
  master.slug = "master";
  master.server = "master";
  add_target(std::move(master), world_.fleet.master());
}

// A tenant that shares its database with others is reached by its schema's name only: the statement without
// it would run once for each of them, on the same rows.
void Execution::add_target(fleet::Tenant tenant, fleet::Endpoint place) {
  fleet::Statement statement = statement_of(arguments_);
  bool const names_schema = statement.sql.find(migrations::schema_placeholder) != std::string::npos;
  bool const in_schema = tenant.placement == fleet::Placement::schema;
  if (in_schema && !names_schema)
    throw Error{ErrorKind::refused, fmt::format("tenant {} is a schema in database {}, which others share",
                                                tenant.slug, tenant.database_name)}
        .with_hint("write {schema_name} where its schema belongs: update {schema_name}.customer set …")
        .at_tenant(tenant.slug);
  if (names_schema && !in_schema)
    throw Error{
        ErrorKind::refused,
        fmt::format("{} has a database of its own; there is no {{schema_name}} to fill in", tenant.slug)}
        .with_hint("choose the others with placement=schema")
        .at_tenant(tenant.slug);
  if (names_schema) statement.sql = migrations::fill_schema(statement.sql, tenant.schema_name);
  if (targets_.empty()) facts_ = fleet::examine_statement(statement.sql);
  targets_.push_back({std::move(tenant), std::move(place), std::move(statement)});
}

bool Execution::in_transaction() const { return arguments_.boolean("transaction", true); }

void Execution::check_statement() const {
  if (facts_.statements == 0) throw Error{ErrorKind::usage, "execute: there is no statement to run"};
  if (facts_.statements > 1)
    throw Error{ErrorKind::usage, fmt::format("execute takes one statement; here are {}", facts_.statements)}
        .with_hint("several belong in a migration, or in a runbook's tx step");
  if (facts_.effect == StatementEffect::read)
    throw Error{ErrorKind::refused, facts_.verb + " only reads"}.with_hint(
        "query asks it, as a role that can do nothing else");
  if (facts_.transaction_control)
    throw Error{ErrorKind::refused, facts_.verb + ": the transaction belongs to tenantsh"};
  if (facts_.effect == StatementEffect::session)
    throw Error{ErrorKind::refused,
                facts_.verb + " changes its own session only, which ends with the statement"}
        .with_hint("alter role … set or alter database … set stay");
  if (facts_.effect != StatementEffect::outside || !in_transaction()) return;
  throw Error{ErrorKind::refused, facts_.transaction_forbidden
                                      ? facts_.verb + " cannot run inside a transaction: no rollback"
                                      : facts_.verb + " does what no rollback takes back"}
      .with_hint("transaction = false (--no-transaction) does it at once, without a look at the counts");
}

fleet::HeldWriteOptions Execution::options() const {
  return {.application_name = world_.fleet.application_name(),
          .jobs = static_cast<int>(arguments_.integer("jobs", world_.settings.jobs)),
          .statement_timeout = std::chrono::milliseconds{timeout_of(world_, arguments_)},
          .lock_timeout = interval(arguments_, "lock_timeout", "5s"),
          .answer_timeout = interval(arguments_, "answer_within", "5m"),
          .as_owner = makes_objects(facts_.verb),
          .stop = world_.interrupt.get_token()};
}

Answer Execution::run() {
  if (world_.gate.state() != runbooks::GateState::free)
    throw Error{ErrorKind::refused, "execute asks a person; a run's writes belong in its own steps"}
        .with_hint("step \"…\" { on = …, tx = function(db) db:exec(\"…\") end }");
  check_statement();
  (void)options();  // what is wrong in them is said before anything runs
  std::int64_t const batch = arguments_.integer("batch", default_batch);
  if (batch < 1 || batch > largest_batch)
    throw Error{ErrorKind::usage, fmt::format("execute: batch is 1 to {}, not {}", largest_batch, batch)};
  batch_size_ = static_cast<std::size_t>(batch);
  if (arguments_.boolean("all_or_none") && (targets_.size() > batch_size_ || !in_transaction()))
    throw Error{ErrorKind::usage, "execute: all_or_none takes one batch of transactions"}.with_hint(
        fmt::format("batch = {}, up to {}", targets_.size(), largest_batch));
  if (recognised_guard(world_) == fleet::Guard::protected_)
    check_armed(world_, on_master_ ? "master.execute" : "tenants.execute", arguments_.text("reason"));
  check_answered();

  std::size_t const batches = (targets_.size() + batch_size_ - 1) / batch_size_;
  if (batches > 1 && in_transaction())
    world_.console.note(fmt::format("{} tenants in {} batches of {}: each is {} by itself", targets_.size(),
                                    batches, batch_size_, "committed or rolled back"));
  for (std::size_t begin = 0; begin < targets_.size() && !ended_; begin += batch_size_) {
    auto const at = [&](std::size_t index) {
      return targets_.begin() + static_cast<std::ptrdiff_t>(std::min(index, targets_.size()));
    };
    std::vector<fleet::WriteTarget> const part(at(begin), at(begin + batch_size_));
    try {
      in_transaction() ? run_batch(part) : run_batch_at_once(part);
    } catch (Error const& error) {
      // Earlier batches stay: their outcome must not be lost with this one.
      if (done_.empty()) throw;
      ended_ = error.kind;
      notes_.push_back(error.message + "; nothing of this batch was committed");
    }
  }
  return answer();
}

void Execution::run_batch(std::vector<fleet::WriteTarget> const& batch) {
  fleet::HeldWrites writes{world_.fleet, options()};
  writes.run(batch);
  bool const incomplete = arguments_.boolean("all_or_none") && writes.held() < batch.size();
  if (incomplete) {
    writes.roll_back();
    notes_.push_back("all or none: what ran was rolled back, because not all did");
    ended_ = ErrorKind::failed;
  } else if (writes.held() > 0) {
    if (decide(writes) == Decision::roll_back) {
      writes.roll_back();
      ended_ = ErrorKind::declined;
    } else if (auto const lost = writes.lost(); !lost.empty()) {
      // What is left is not what was agreed to.
      writes.roll_back();
      notes_.push_back(
          fmt::format("{} waited too long for the answer (answer_within) and {} rolled back by {}; "
                      "so was all of the batch",
                      names_text(lost), lost.size() == 1 ? "was" : "were",
                      lost.size() == 1 ? "its server" : "their servers"));
      ended_ = ErrorKind::failed;
    } else {
      HeldInterrupts const held{world_};
      audit(writes.writes(), true);
      writes.commit();
      take(writes.writes());
      audit(writes.writes(), false);
      return;
    }
  }
  take(writes.writes());
}

void Execution::run_batch_at_once(std::vector<fleet::WriteTarget> const& batch) {
  bool const asks = destroys() ? !confirmed(world_, subject_)
                               : recognised_guard(world_) != fleet::Guard::open && !world_.settings.yes;
  if (asks && !unasked_) {
    std::string text =
        headline() + "\nIt is done at once on " + targets_text(targets_) + ", and no rollback takes it back.";
    runbooks::Question question{.text = text + (destroys() ? "\nType " + subject_ + " to do it" : ""),
                                .choices = {},
                                .default_word = {},
                                .flag = destroys() ? "--confirm " + subject_ : "--yes"};
    if (!destroys()) {
      question.choices = {{"yes", "do it"}, {"no", "leave everything as it is"}};
      question.default_word = "no";
    }
    if (world_.console.ask(question) != (destroys() ? subject_ : "yes"))
      throw Error{ErrorKind::declined, "execute: declined, nothing was done"};
  }
  unasked_ = true;  // the question was about all of them
  fleet::HeldWrites writes{world_.fleet, options()};
  std::vector<HeldWrite> intended(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    intended[i].tenant = batch[i].tenant;
    intended[i].state = State::held;
  }
  audit(intended, true);
  writes.run_at_once(batch);
  take(writes.writes());
  audit(writes.writes(), false);
}

void Execution::audit(std::vector<HeldWrite> const& writes, bool begun) {
  std::vector<AuditRow> rows;
  for (HeldWrite const& write : writes) {
    if (begun && write.state != State::held) continue;
    if (!begun && write.state != State::committed && write.state != State::in_doubt &&
        write.transaction.empty())
      continue;  // it never came to a commit
    Json after{{"sql", world_.fleet.secrets().redact(arguments_.text("sql"))}};
    if (write.result) after["rows"] = write.result->affected;
    if (!write.transaction.empty()) after["transaction"] = write.transaction;
    after["outcome"] = begun ? "begun" : std::string{fleet::to_string(write.state)};
    if (write.error) after["error"] = write.error->message;
    rows.push_back({on_master_ ? "" : write.tenant.slug,
                    on_master_ ? "master" : "tenant " + write.tenant.slug, "execute", std::move(after)});
  }
  std::string const reason = audit_reason(world_, arguments_.text("reason"));
  if (begun) return leave_audit(world_, rows, reason);
  try {
    leave_audit(world_, rows, reason);
  } catch (Error const& error) {
    // It is done: the row that said so in advance stands, and the outcome is not hidden behind this.
    notes_.push_back("the audit row of the outcome could not be written: " + error.message);
    ended_ = ErrorKind::failed;
  }
}

void Execution::take(std::vector<HeldWrite> const& writes) {
  done_.insert(done_.end(), writes.begin(), writes.end());
  for (HeldWrite const& write : writes)
    if (write.state == State::in_doubt) ended_ = ErrorKind::in_doubt;
}

Answer Execution::answer() {
  bool const one = targets_.size() == 1 &&
                   (on_master_ || std::holds_alternative<TenantRef>(arguments_.self)) && done_.size() == 1;
  if (one && done_[0].error) throw Error{*done_[0].error};
  for (std::size_t i = done_.size(); i < targets_.size(); ++i) {
    HeldWrite& left = done_.emplace_back();
    left.tenant = targets_[i].tenant;
    left.state = State::rolled_back;
  }
  Answer answer{outcome_rows(done_, one), std::move(notes_), ended_};
  auto& rows = std::get<Rows>(answer.value);
  if (rows.asked > 0 && rows.failures.size() == rows.asked && !answer.ended) answer.ended = ErrorKind::failed;
  answer.notes.insert(answer.notes.begin(), summary_text(done_));
  return answer;
}

}  // namespace scripting
