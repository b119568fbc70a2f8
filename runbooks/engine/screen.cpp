#include "runbooks/engine/screen.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/clock.hpp"

namespace runbooks {

namespace {

constexpr std::size_t lines_per_effect = 12;
constexpr std::size_t effects_on_screen = 40;

std::size_t number_of(Runbook const& runbook, Step const& step) {
  for (std::size_t i = 0; i < runbook.steps.size(); ++i)
    if (&runbook.steps[i] == &step) return i + 1;
  return 0;
}

std::size_t widest_path(Runbook const& runbook) {
  std::size_t width = 0;
  for (Step const& step : runbook.steps) width = std::max(width, step.path.size());
  return width;
}

std::string cell(Json const& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

bool is_table(Json const& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](Json const& row) { return row.is_object(); });
}

std::string render_table(Json const& rows, std::string const& indent) {
  std::vector<std::string> names;
  for (auto const& [name, value] : rows.front().items()) names.push_back(name);
  std::vector<std::size_t> widths;
  for (std::string const& name : names) {
    std::size_t width = name.size();
    for (Json const& row : rows) width = std::max(width, row.contains(name) ? cell(row[name]).size() : 0);
    widths.push_back(width);
  }
  std::string text = indent;
  for (std::size_t i = 0; i < names.size(); ++i) text += fmt::format("{:<{}}  ", names[i], widths[i]);
  for (Json const& row : rows) {
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n" + indent;
    for (std::size_t i = 0; i < names.size(); ++i)
      text += fmt::format("{:<{}}  ", row.contains(names[i]) ? cell(row[names[i]]) : "", widths[i]);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

std::string render_head(Runbook const& runbook, std::string const& run_id, std::string const& environment) {
  std::string text =
      fmt::format("{}{} on {}", runbook.name, run_id.empty() ? " (plan)" : " · run " + run_id, environment);
  if (!runbook.brief.empty()) text += "\n  " + runbook.brief;
  return text;
}

std::string render_line(Runbook const& runbook, Step const& step, std::string_view state, long ms,
                        std::string const& remark) {
  return render_numbered({number_of(runbook, step), runbook.steps.size(), step.path, widest_path(runbook)},
                         state, ms, remark);
}

std::string render_numbered(Numbered const& step, std::string_view state, long ms,
                            std::string const& remark) {
  std::string text = fmt::format("{:>2}/{}  {:<{}}  {}", step.number, step.of, step.name, step.width, state);
  if (ms > 0) text += fmt::format(" in {}", fleet::human_duration(std::chrono::milliseconds{ms}));
  if (!remark.empty()) text += " · " + remark;
  return text;
}

std::string render_effects(std::vector<std::string> const& effects, std::string const& indent,
                           std::size_t most, Cut cut) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (i == most) {
      lines.push_back(fmt::format("{}… and {} more", indent, effects.size() - most));
      break;
    }
    std::size_t begin = 0, taken = 0;
    while (begin <= effects[i].size()) {
      std::size_t const end = std::min(effects[i].find('\n', begin), effects[i].size());
      if (++taken > lines_per_effect && cut == Cut::long_ones) {
        lines.push_back(indent + "…");
        break;
      }
      lines.push_back(indent + effects[i].substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string render_step(Runbook const& runbook, Step const& step, StepFacts const& facts, Extent extent) {
  bool const full = extent == Extent::full;
  std::string text = fmt::format("\n── {} › {} ── step {} of {}", runbook.name, step.path,
                                 number_of(runbook, step), runbook.steps.size());
  auto const line = [&](std::string_view name, std::string const& says) {
    if (!says.empty()) text += fmt::format("\n   {:<6} {}", name, says);
  };
  auto const block = [&](std::string_view name, std::vector<std::string> const& effects) {
    if (!effects.empty())
      text += fmt::format("\n   {}\n{}", name,
                          render_effects(effects, "     ", full ? effects.size() : effects_on_screen,
                                         full ? Cut::no : Cut::long_ones));
  };
  line("on", fmt::format("{} ({})", facts.target.label.empty() ? "this machine" : facts.target.label,
                         facts.environment));
  line("kind", fmt::format("{}{}{}", to_string(step.kind), step.destructive ? ", DESTRUCTIVE" : "",
                           step.point_of_no_return ? ", POINT OF NO RETURN" : ""));
  line("do", step.instructions);
  line("found", facts.seen);
  if (facts.pre_held) line("before", "its precondition was looked at and holds");
  block("will", facts.effects);
  line("", facts.effects_remark);
  if (facts.past.runs > 0)
    line("takes", fmt::format("about {} ({})", fleet::human_duration(facts.past.median),
                              facts.past.runs == 1 ? "once before"
                                                   : fmt::format("median of {} runs", facts.past.runs)));
  if (step.timeout.count() > 0) line("most", fleet::human_duration(step.timeout));
  block("undo", facts.undo);
  if (facts.undo.empty()) line("undo", facts.undo_remark);
  return text;
}

std::string render_past(Step const& step, StepRecord const& record, Json const& inputs) {
  std::string text = "   inputs of the run";
  if (inputs.empty()) text += ": none";
  for (auto const& [name, value] : inputs.items()) text += fmt::format("\n     {} = {}", name, cell(value));
  text += fmt::format("\n   this step: {}", to_string(record.state));
  if (record.attempts > 0)
    text +=
        fmt::format(", tried {}", record.attempts == 1 ? "once" : fmt::format("{} times", record.attempts));
  if (record.error.is_object()) text += fmt::format("\n     {}", cell(record.error.value("message", Json{})));
  if (!step.section.empty()) text += fmt::format("\n   section: {}", step.section);
  return text;
}

std::string render_outputs(Json const& outputs, std::string const& indent) {
  if (outputs.is_null()) return {};
  if (is_table(outputs)) return render_table(outputs, indent);
  if (!outputs.is_object()) return indent + cell(outputs);
  std::vector<std::string> lines;
  for (auto const& [name, value] : outputs.items()) {
    if (is_table(value))
      lines.push_back(fmt::format("{}{}:\n{}", indent, name, render_table(value, indent + "  ")));
    else
      lines.push_back(fmt::format("{}{}: {}", indent, name, cell(value)));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace runbooks
