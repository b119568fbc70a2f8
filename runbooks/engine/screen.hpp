#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbooks/engine/event.hpp"
#include "runbooks/engine/past.hpp"

namespace runbooks {

// The words an operator reads while a run goes on. Text only: who asks and when is the runner's business.

std::string render_head(Runbook const& runbook, std::string const& run_id, std::string const& environment);
// Where a step stands among the others, and how wide the widest name is.
struct Numbered {
  std::size_t number = 0, of = 0;
  std::string const& name;
  std::size_t width = 0;
};
std::string render_numbered(Numbered const& step, std::string_view state, long ms, std::string const& remark);
// " 3/7  migrations    done  412 ms   55 files applied"
std::string render_line(Runbook const& runbook, Step const& step, std::string_view state, long ms,
                        std::string const& remark);
// What a person is told before they decide about a step.
struct StepFacts {
  Target target;
  std::string environment;
  std::vector<std::string> effects;  // SQL with values, commands
  std::string effects_remark;        // why they are not all
  std::string seen;                  // by the probe
  bool pre_held = false;             // the precondition was looked at and holds
  PastDuration past;
  std::vector<std::string> undo;  // what would take it back
  std::string undo_remark;        // or why that cannot be told, or is not there
};

// The same question with everything, where the ordinary screen cuts long texts.
enum class Extent { brief, full };

// What is about to happen: address, target, kind, the statements and commands, what was looked at, how long
// it took before, the way back.
std::string render_step(Runbook const& runbook, Step const& step, StepFacts const& facts,
                        Extent extent = Extent::brief);
// What the run knows of it so far: inputs, what became of earlier tries.
std::string render_past(Step const& step, StepRecord const& record, Json const& inputs);
enum class Cut { no, long_ones };
// `indent` goes in front of each line; of a long statement a few lines are told unless cut says no.
std::string render_effects(std::vector<std::string> const& effects, std::string const& indent,
                           std::size_t most, Cut cut = Cut::long_ones);
// A step's outputs, one line each; tables (arrays of objects) as columns.
std::string render_outputs(Json const& outputs, std::string const& indent);

}  // namespace runbooks
