#include "scripting/migration_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace scripting {

namespace {

using migrations::Direction;

constexpr std::string_view back = "down";

Json names_of(std::vector<FileTurn> const& files) {
  Json names = Json::array();
  for (FileTurn const& file : files)
    names.push_back(file.direction == Direction::up ? file.name : file.name + " down");
  return names;
}

std::string some(std::vector<std::string> const& names) {
  return names.size() == 1 ? names[0]
                           : fmt::format("{} files ({} … {})", names.size(), names.front(), names.back());
}

// "take back 002_b.sql, then apply 002_b.sql"
std::string what(std::vector<FileTurn> const& files) {
  std::vector<std::string> down, up;
  for (FileTurn const& file : files) (file.direction == Direction::up ? up : down).push_back(file.name);
  std::string text;
  if (!down.empty()) text = "take back " + some(down);
  if (!up.empty()) text += (text.empty() ? "apply " : ", then apply ") + some(up);
  return text + (down.empty() ? " to " : " in ");
}

}  // namespace

std::vector<TargetWork> look_at_each(World& world, MigrationTargets const& targets, Look const& look) {
  auto outcomes = for_each_ledger(world, targets, [&look](migrations::Ledger const& ledger) {
    fleet::Result turns{{{"name"}, {"direction"}}};
    for (FileTurn const& turn : look(ledger)) {
      turns.append(turn.name);
      turns.append(turn.direction == Direction::up ? "up" : back);
    }
    return turns;
  });
  std::vector<TargetWork> work;
  for (TargetOutcome& outcome : outcomes) {
    TargetWork here{std::move(outcome.target), {}, std::move(outcome.error)};
    if (here.error && here.error->kind == fleet::ErrorKind::interrupted) throw fleet::Error{*here.error};
    for (std::size_t row = 0; outcome.result && row < outcome.result->rows(); ++row)
      here.files.push_back({outcome.result->text(row, "name"), outcome.result->text(row, "direction") == back
                                                                   ? Direction::down
                                                                   : Direction::up});
    work.push_back(std::move(here));
  }
  return work;
}

TargetWork look_at(TargetSession const& place, Look const& look) {
  return {place.tenant.slug, look(migrations::read_ledger(place.session, place.target)), {}};
}

std::vector<std::string> lines_of(std::vector<TargetWork> const& work, std::string const& prefix) {
  std::map<std::vector<FileTurn>, std::vector<std::string>> alike;
  std::vector<std::string> lines, errors;
  for (TargetWork const& here : work) {
    if (here.error)
      errors.push_back(here.target + ": " + here.error->message);
    else if (!here.files.empty())
      alike[here.files].push_back(here.target);
  }
  for (auto const& [files, names] : alike)
    lines.push_back(
        prefix + what(files) +
        (names.size() == 1 ? names[0] : fmt::format("{} tenants: {}", names.size(), names_text(names))));
  lines.insert(lines.end(), errors.begin(), errors.end());
  return lines;
}

AuditRow AuditTrail::row(std::string const& target, std::string action, Json after) const {
  bool const master = scope_ == migrations::Scope::master;
  return {master ? "" : target, master ? "master" : "tenant", std::move(action), std::move(after)};
}

AuditRow AuditTrail::begin_row(TargetWork const& here, Json const& more) const {
  Json after = more;
  after["files"] = names_of(here.files);
  return row(here.target, action_ + " begin", std::move(after));
}

// A run's journal has the intent already, once for each attempt.
bool AuditTrail::journalled() const { return !world_.gate.run_id().empty(); }

void AuditTrail::begin(std::vector<TargetWork> const& work, Json const& more) {
  std::vector<AuditRow> rows;
  for (TargetWork const& here : work) rows.push_back(begin_row(here, more));
  if (!journalled()) leave_audit(world_, rows, reason_);
  std::lock_guard lock{mutex_};
  for (TargetWork const& here : work) begun_.insert(here.target);
}

void AuditTrail::begin_from_worker(TargetWork const& here) {
  std::unique_lock lock{mutex_};
  if (keeps_audit(world_) && !journalled()) {
    waiting_.push_back(begin_row(here, Json::object()));
    std::size_t const mine = ++came_;
    while (stand_ < mine) {
      if (failure_) throw fleet::Error{*failure_};
      if (writing_)
        written_.wait(lock);
      else
        write_waiting(lock);
    }
  }
  begun_.insert(here.target);
}

void AuditTrail::write_waiting(std::unique_lock<std::mutex>& lock) {
  writing_ = true;
  std::vector<AuditRow> const rows = std::exchange(waiting_, {});
  std::size_t const last = came_;
  lock.unlock();
  std::optional<fleet::Error> failure;
  try {
    if (!session_)
      session_ = world_.fleet.driver().connect(
          world_.fleet.master(), world_.fleet.secrets(),
          {.application_name = world_.fleet.application_name(), .stop = world_.interrupt.get_token()});
    leave_audit(world_, *session_, rows, reason_);
  } catch (fleet::Error const& error) {
    failure = error;
  } catch (std::exception const& error) {
    failure.emplace(fleet::ErrorKind::failed, error.what());
  }
  lock.lock();
  writing_ = false;
  if (failure)
    failure_ = std::move(failure);
  else
    stand_ = last;
  written_.notify_all();
}

bool AuditTrail::empty() const {
  std::lock_guard lock{mutex_};
  return begun_.empty();
}

std::optional<fleet::Error> AuditTrail::failure() const {
  std::lock_guard lock{mutex_};
  return failure_;
}

void AuditTrail::did(std::string const& target, FileTurn file) {
  std::lock_guard lock{mutex_};
  done_[target].push_back(std::move(file));
}

std::vector<FileTurn> AuditTrail::done(std::string const& target) const {
  std::lock_guard lock{mutex_};
  auto found = done_.find(target);
  return found == done_.end() ? std::vector<FileTurn>{} : found->second;
}

void AuditTrail::end(std::vector<TargetOutcome> const& outcomes, Json const& more) {
  std::vector<AuditRow> rows;
  for (TargetOutcome const& outcome : outcomes) {
    if (begun_.count(outcome.target) == 0) continue;
    std::vector<FileTurn> const files = done(outcome.target);
    if (files.empty() && !outcome.error) continue;  // somebody else had done it meanwhile
    Json after = more;
    after["files"] = names_of(files);
    if (outcome.error) after["error"] = outcome.error->message;
    rows.push_back(row(outcome.target, action_, std::move(after)));
  }
  leave_audit(world_, rows, reason_);
}

}  // namespace scripting
