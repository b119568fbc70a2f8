#include "scripting/migration_work.hpp"

#include <fmt/format.h>

#include <algorithm>

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

void AuditTrail::begin(std::vector<TargetWork> const& work, Json const& more) {
  std::vector<AuditRow> rows;
  for (TargetWork const& here : work) {
    Json after = more;
    after["files"] = names_of(here.files);
    rows.push_back(row(here.target, action_ + " begin", std::move(after)));
  }
  leave_audit(world_, rows, reason_);
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
