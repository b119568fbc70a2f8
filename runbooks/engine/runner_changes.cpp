// A script that is not what it was when the run began.

#include <fmt/format.h>

#include "runbooks/engine/changes.hpp"
#include "runbooks/engine/runner.hpp"

namespace runbooks {

// What the script became since: the table, then a word for each change that needs one. A pending step that
// was edited needs none, it was usually just fixed.
void Runner::settle_changes(RunOptions const& options) {
  auto const changes = compare(journal_->record(), runbook_);
  if (std::string const table = render_changes(changes); !table.empty())
    parts_.console.note("the script changed since this run began:\n" + table);
  auto const word = [&](std::string const& given, Question question) {
    if (!given.empty()) return given;
    question.choices.push_back({"abort", "stop here; nothing was done yet", false});
    std::string const answer = parts_.console.ask(question);
    if (answer == "abort") throw fleet::Error{fleet::ErrorKind::declined, "stopped before the first step"};
    return answer;
  };
  for (StepChange const& change : changes) {
    Step const* step = runbook_.find(change.step);
    if (change.change == Change::edited_done) {
      word(options.edited,
           {.text = fmt::format("step {} was edited after it was done. Keep what it did?", change.step),
            .choices = {{"keep", "go on, the old effect stays", true}},
            .flag = "--edited keep"});
    } else if (change.change == Change::inserted || change.change == Change::in_place) {
      std::string const why = change.change == Change::inserted
                                  ? std::string{"steps after it are done"}
                                  : fmt::format("step {}, which was in its place, is done", change.formerly);
      std::string const answer = word(
          options.inserted, {.text = fmt::format("step {} is new, and {}. Run it now?", change.step, why),
                             .choices = {{"run", "run it when the walk comes to it", true},
                                         {"skip", "this run does without it", true}},
                             .flag = "--inserted run|skip"});
      if (answer == "skip")
        finish(*step, {.event = "not_needed", .note = "inserted later"}, Journal::Durability::now,
               "inserted later");
    } else if (change.change == Change::renamed) {
      StepRecord const former = journal_->record().step(change.formerly);
      finish(*step,
             {.event = std::string{to_string(former.state)},
              .note = "was " + change.formerly,
              .outputs = former.outputs},
             Journal::Durability::now, "was " + change.formerly);
    }
  }
}

}  // namespace runbooks
