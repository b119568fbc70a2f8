#pragma once

#include <string>
#include <vector>

#include "fleet/held_writes.hpp"
#include "scripting/method.hpp"
#include "scripting/world.hpp"

namespace scripting {

// One writing statement typed by a person, on tenants or on master: who is asked what, in which order.
//
//   1. the text: one statement, that writes, and that a rollback takes back unless `transaction = false`
//   2. the environment, as its master knows it; a protected one wants to be armed
//   3. without a terminal, whether the question of step 5 is answered already; else nothing is run
//   4. the statement, everywhere at once, each in a transaction that stays open; tenants in batches
//   5. the counts, and the question: commit or rollback; what destroys wants the subject's name typed
//   6. the audit row that says what is about to be done (no row, no commit), COMMIT, the row that says what
//   was
class Execution {
 public:
  // `subject`: what a person types when the statement destroys something.
  Execution(World& world, Arguments const& arguments, std::vector<fleet::Tenant> tenants,
            std::string subject);
  // On master.
  Execution(World& world, Arguments const& arguments);

  // The result of a statement that returns rows, else a line per target: tenant, outcome, rows, elapsed_ms.
  // Failures among several are in the result. Error{declined} before anything ran, Error{refused}, {usage}.
  Answer run();
  // Nothing runs: a line per target with the planner's estimate, ended = pending.
  Answer plan();

 private:
  enum class Decision { commit, roll_back };

  void add_target(fleet::Tenant tenant, fleet::Endpoint place);
  void check_statement() const;
  bool in_transaction() const;
  bool destroys() const { return !facts_.destroys.empty(); }
  fleet::HeldWriteOptions options() const;
  void check_answered() const;
  void run_batch(std::vector<fleet::WriteTarget> const& batch);
  void run_batch_at_once(std::vector<fleet::WriteTarget> const& batch);
  Decision decide(fleet::HeldWrites const& writes);
  std::string question(fleet::HeldWrites const& writes) const;
  std::string headline() const;
  void audit(std::vector<fleet::HeldWrite> const& writes, bool begun);
  void take(std::vector<fleet::HeldWrite> const& writes);
  Answer answer();

  World& world_;
  Arguments const& arguments_;
  std::string subject_;
  bool on_master_ = false;
  bool unasked_ = false;  // the person said "all": further batches are committed without a question
  std::vector<fleet::WriteTarget> targets_;
  fleet::StatementFacts facts_;
  std::size_t batch_size_ = 0;
  std::vector<fleet::HeldWrite> done_;
  std::optional<fleet::ErrorKind> ended_;
  std::vector<std::string> notes_;
};

}  // namespace scripting
