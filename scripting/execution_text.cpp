#include "scripting/execution_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "scripting/migration_targets.hpp"

namespace scripting {

namespace {

using fleet::HeldWrite;
using State = fleet::HeldWrite::State;

constexpr std::size_t shown_targets = 12;
constexpr std::size_t shown_rows = 5;

// "12 rows"; "3 rows returned" of a SELECT that writes; "CREATE INDEX".
std::string count_text(fleet::Result const& result) {
  auto const rows = [](std::uint64_t count) { return fmt::format("{} row{}", count, count == 1 ? "" : "s"); };
  if (result.command.starts_with("SELECT")) return rows(result.rows()) + " returned";
  bool const counted =
      !result.command.empty() && result.command.back() >= '0' && result.command.back() <= '9';
  return counted ? rows(result.affected) : result.command;
}

std::string list_text(std::vector<std::string> const& items) {
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), shown_targets); ++i)
    text += (i > 0 ? ", " : "") + items[i];
  if (items.size() > shown_targets) text += fmt::format(", … {} more", items.size() - shown_targets);
  return text;
}

std::string row_text(fleet::Result const& result, std::size_t row) {
  std::string text;
  for (std::size_t column = 0; column < result.columns().size(); ++column) {
    auto const cell = result.at(row, column);
    text += fmt::format("{}{} = {}", column > 0 ? ", " : "", result.columns()[column].name,
                        cell.value_or("NULL"));
  }
  return text;
}

bool returns_rows(std::vector<HeldWrite> const& writes) {
  return std::any_of(writes.begin(), writes.end(), [](HeldWrite const& write) {
    return write.state == State::committed && write.result && !write.result->columns().empty();
  });
}

}  // namespace

std::string targets_text(std::vector<fleet::WriteTarget> const& targets) {
  if (targets.size() == 1)
    return targets[0].place.tenant.empty() ? targets[0].tenant.slug : "tenant " + targets[0].tenant.slug;
  std::vector<std::string> names;
  for (auto const& target : targets) names.push_back(target.tenant.slug);
  return fmt::format("{} tenants: {}", targets.size(), names_text(names));
}

std::string counts_text(std::vector<HeldWrite> const& writes) {
  std::vector<std::string> counts;
  std::uint64_t all = 0;
  std::string failures, returned;
  std::size_t left = shown_rows;
  for (HeldWrite const& write : writes) {
    if (write.error) failures += fmt::format("\n  {} failed: {}", write.tenant.slug, write.error->message);
    if (!write.result) continue;
    counts.push_back(write.tenant.slug + " " + count_text(*write.result));
    all += write.result->affected;
    for (std::size_t row = 0; row < write.result->rows() && left > 0; ++row, --left)
      returned += fmt::format("\n    {}: {}", write.tenant.slug, row_text(*write.result, row));
  }
  std::string text = "  " + list_text(counts);
  if (counts.size() > 1 && all > 0) text += fmt::format(": {} rows in all", all);
  return text + failures + returned;
}

std::string summary_text(std::vector<HeldWrite> const& writes) {
  std::map<State, std::vector<std::string>> by_state;
  for (HeldWrite const& write : writes) {
    bool const counts = write.result && write.state == State::committed;
    by_state[write.state].push_back(write.tenant.slug + (counts ? " " + count_text(*write.result) : ""));
  }
  std::string text;
  for (auto const& [state, items] : by_state)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", fleet::to_string(state), list_text(items));
  return text;
}

Rows outcome_rows(std::vector<HeldWrite> const& writes, bool one) {
  Rows rows;
  if (returns_rows(writes)) {
    if (one) return {*writes[0].result, {}, 0};
    std::vector<fleet::Outcome> outcomes;
    for (HeldWrite const& write : writes) {
      if (write.state == State::rolled_back) continue;
      outcomes.push_back(
          {write.tenant, write.error ? std::nullopt : write.result, write.error, write.elapsed});
    }
    fleet::Merged merged = fleet::merge(std::move(outcomes));
    return {std::move(merged.rows), std::move(merged.failures), writes.size()};
  }
  namespace oid = fleet::type_oid;
  rows.result = fleet::Result{{{"tenant"}, {"outcome"}, {"rows", oid::int8}, {"elapsed_ms", oid::int8}}};
  for (HeldWrite const& write : writes) {
    rows.result.append(write.tenant.slug);
    rows.result.append(fleet::to_string(write.state));
    rows.result.append(write.result ? std::optional<std::string>{std::to_string(write.result->affected)}
                                    : std::nullopt);
    rows.result.append(std::to_string(write.elapsed.count()));
    if (write.error) rows.failures.push_back(*write.error);
  }
  rows.asked = writes.size();
  return rows;
}

}  // namespace scripting
