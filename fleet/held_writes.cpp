#include "fleet/held_writes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/fan_out.hpp"

namespace fleet {
namespace {

using State = HeldWrite::State;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_looks{200};

std::string settings_text(HeldWriteOptions const& options, std::string_view set) {
  std::string text = fmt::format("{} lock_timeout = {}", set, options.lock_timeout.count());
  if (options.answer_timeout.count() > 0)
    text += fmt::format("; {} idle_in_transaction_session_timeout = {}", set, options.answer_timeout.count());
  return text;
}

// SET LOCAL ROLE to the owner, where we may.
std::string owner_text(Session const& session, Tenant const& tenant) {
  std::string const owner = tenant.schema_name.empty() ? "datdba" : "nspowner";
  std::string const from = tenant.schema_name.empty()
                               ? "pg_database where datname = current_database()"
                               : "pg_namespace where nspname = " + session.quote_literal(tenant.schema_name);
  return fmt::format(
      "; select set_config('role', pg_get_userbyid({0}), true) from {1} "
      "and pg_has_role(current_user, {0}, 'member')",
      owner, from);
}

std::chrono::milliseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start);
}

}  // namespace

std::string_view to_string(HeldWrite::State state) {
  switch (state) {
    case State::held: return "held";
    case State::committed: return "committed";
    case State::rolled_back: return "rolled back";
    case State::failed: return "failed";
    case State::in_doubt: return "in doubt";
  }
  return "";
}

HeldWrites::HeldWrites(Fleet& fleet, HeldWriteOptions options)
    : fleet_(fleet), options_(std::move(options)) {}

HeldWrites::~HeldWrites() { roll_back(); }

std::unique_ptr<Session> HeldWrites::connect(WriteTarget const& target, std::stop_token const& stop) {
  return fleet_.driver().connect(
      target.place, fleet_.secrets(),
      {.application_name = options_.application_name,
       .statement_timeout_ms = static_cast<int>(options_.statement_timeout.count()),
       .stop = stop});
}

void HeldWrites::run(std::vector<WriteTarget> const& targets) { over(targets, true); }

void HeldWrites::run_at_once(std::vector<WriteTarget> const& targets) { over(targets, false); }

void HeldWrites::over(std::vector<WriteTarget> const& targets, bool hold) {
  targets_ = targets;
  writes_ = std::vector<HeldWrite>(targets_.size());
  sessions_.clear();
  sessions_.resize(targets_.size());
  std::vector<FanOutTask> tasks;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    resolve_prompted(fleet_.secrets(), targets_[i].place);
    tasks.push_back(
        {&targets_[i].tenant, targets_[i].place.server, [this, i, hold](Attempt& attempt) {
           auto session = connect(targets_[i], options_.stop);
           attempt.reached();
           CancelOnStop const cancel{*session, options_.stop};
           if (hold)
             session->begin(Access::read_write,
                            settings_text(options_, "set local") +
                                (options_.as_owner ? owner_text(*session, targets_[i].tenant) : ""));
           else
             session->script(settings_text(options_, "set"));
           Result result = session->query(targets_[i].statement);
           if (!hold) return result;
           writes_[i].transaction = session->query("select txid_current_if_assigned()").value().value_or("");
           sessions_[i] = std::move(session);
           return result;
         }});
  }
  std::vector<Outcome> outcomes = fan_out(tasks, options_.jobs, options_.stop);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    HeldWrite& write = writes_[i];
    write.tenant = targets_[i].tenant;
    write.elapsed = outcomes[i].elapsed;
    write.result = std::move(outcomes[i].result);
    write.error = std::move(outcomes[i].error);
    if (!write.error)
      write.state = hold ? State::held : State::committed;
    else if (write.error->kind == ErrorKind::in_doubt)
      write.state = State::in_doubt;
  }
  // What ran at once is done: the caller is told of it, also after Ctrl-C.
  if (!options_.stop.stop_requested() || !hold) return;
  roll_back();
  throw Error{ErrorKind::interrupted, "interrupted; every transaction was rolled back"};
}

std::size_t HeldWrites::held() const {
  return static_cast<std::size_t>(std::count_if(
      writes_.begin(), writes_.end(), [](HeldWrite const& write) { return write.state == State::held; }));
}

std::vector<std::string> HeldWrites::lost() {
  std::vector<std::string> slugs;
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    if (writes_[i].state != State::held || sessions_[i]->is_open()) continue;
    slugs.push_back(writes_[i].tenant.slug);
    writes_[i].state = State::rolled_back;
    sessions_[i].reset();
  }
  return slugs;
}

void HeldWrites::commit() {
  std::vector<FanOutTask> tasks;
  for (std::size_t i = 0; i < writes_.size(); ++i)
    if (writes_[i].state == State::held)
      tasks.push_back({&targets_[i].tenant, targets_[i].place.server, [this, i](Attempt& attempt) {
                         attempt.reached();
                         commit_one(i);
                         return Result{};
                       }});
  fan_out(tasks, options_.jobs, {});
}

void HeldWrites::commit_one(std::size_t index) {
  HeldWrite& write = writes_[index];
  try {
    sessions_[index]->commit();
    write.state = State::committed;
  } catch (Error const& error) {
    if (error.kind == ErrorKind::in_doubt) {
      look_after(index, error);
    } else {
      write.state = State::failed;
      write.error = error;
      write.error->tenant = write.tenant.slug;
    }
  }
  sessions_[index].reset();
}

// Until the server says what became of the transaction, or there is no more patience with it. "in progress":
// its backend is still at work.
void HeldWrites::look_after(std::size_t index, Error lost) {
  HeldWrite& write = writes_[index];
  auto const start = Steady::now();
  std::string fate = write.transaction.empty() ? "committed" : "";
  while (fate != "committed" && fate != "aborted" && since(start) < options_.doubt_timeout) {
    try {
      fate = connect(targets_[index], {})
                 ->query({"select txid_status($1::bigint)", {write.transaction}})
                 .value()
                 .value_or("");
    } catch (Error const&) {
      fate.clear();  // not back yet
    }
    if (fate != "committed" && fate != "aborted") std::this_thread::sleep_for(between_looks);
  }
  if (fate == "committed") {
    write.state = State::committed;
    return;
  }
  write.error = std::move(lost);
  write.error->tenant = write.tenant.slug;
  write.state = fate == "aborted" ? State::failed : State::in_doubt;
  if (write.state == State::failed) {
    write.error->kind = ErrorKind::connect;
    write.error->message = "the connection was lost at COMMIT; its server rolled the transaction back";
    write.error->hint.clear();
  } else {
    write.error->message =
        "the connection was lost at COMMIT and its server cannot be asked what became of it";
    write.error->hint =
        fmt::format("select txid_status({}) there tells: committed or aborted", write.transaction);
  }
}

void HeldWrites::roll_back() noexcept {
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    if (writes_[i].state != State::held || !sessions_[i]) continue;
    sessions_[i]->rollback();
    sessions_[i].reset();
    writes_[i].state = State::rolled_back;
  }
}

}  // namespace fleet
