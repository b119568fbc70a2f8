// What a person is asked before an execution is kept, and what stands in for their answer.

#include <fmt/format.h>

#include "scripting/execution.hpp"
#include "scripting/execution_text.hpp"
#include "scripting/guard.hpp"

namespace scripting {

using fleet::Error;
using fleet::ErrorKind;

// A question that nobody can answer is not worth the locks that it would hold.
void Execution::check_answered() const {
  bool const at_once = !in_transaction() && !destroys() &&
                       world_.recognised.value_or(world_.fleet.environment().guard) == fleet::Guard::open;
  if (world_.console.interactive() || at_once) return;
  if (destroys() ? confirmed(world_, subject_) : world_.settings.yes) return;
  std::string const flag = destroys() ? "--confirm " + subject_ : "--yes";
  throw Error{ErrorKind::declined,
              fmt::format("{} writes{} in environment {} and nobody is here to {}", facts_.verb,
                          destroys() ? " (" + facts_.destroys + ")" : "", world_.fleet.environment().name,
                          in_transaction() ? "say commit" : "agree")}
      .with_hint(fmt::format("say it in advance with {}, or look first with --plan", flag));
}

Execution::Decision Execution::decide(fleet::HeldWrites const& writes) {
  if (unasked_) return Decision::commit;
  if (destroys() ? confirmed(world_, subject_) : world_.settings.yes) return Decision::commit;
  runbooks::Question asked{.text = question(writes), .choices = {}, .default_word = {}, .flag = {}};
  if (destroys()) {
    asked.text += fmt::format("\nIt destroys ({}). Type {} to commit, anything else to roll back",
                              facts_.destroys, subject_);
    asked.flag = "--confirm " + subject_;
    return world_.console.ask(asked) == subject_ ? Decision::commit : Decision::roll_back;
  }
  asked.choices = {{"commit", "keep it"}, {"rollback", "leave everything as it was"}};
  if (done_.size() + writes.writes().size() < targets_.size())
    asked.choices.push_back({"all", "commit, and the further batches without asking", true});
  asked.default_word = "rollback";
  asked.flag = "--yes";
  std::string const word = world_.console.ask(asked);
  unasked_ = word == "all";
  return word == "rollback" ? Decision::roll_back : Decision::commit;
}

std::string Execution::headline() const {
  auto const& environment = world_.fleet.environment();
  std::string guard{fleet::to_string(world_.recognised.value_or(environment.guard))};
  if (Armed const* const now = armed(world_)) guard += ", armed: " + now->reason;
  return fmt::format("write in environment {} ({}), {}\n  {}", environment.name, guard,
                     targets_text(targets_), arguments_.text("sql"));
}

std::string Execution::question(fleet::HeldWrites const& writes) const {
  std::string text = headline() + "\n" + counts_text(writes.writes());
  for (std::string const& name : facts_.functions)
    if (name.ends_with("setval") || name.ends_with("nextval"))
      text += "\n  no rollback turns a sequence back: " + name + "()";
  auto const wait = options().answer_timeout;
  if (wait.count() > 0) text += "\nThe transactions wait " + fleet::human_duration(wait) + " for the answer.";
  return text;
}

}  // namespace scripting
