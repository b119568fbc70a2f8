#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"

namespace fleet {

// Where a statement is to run: a tenant's database, or master's under a name of its own.
struct WriteTarget {
  Tenant tenant;
  Endpoint place;
  Statement statement;  // each its own: a tenant placed in a schema has that schema's name in it
};

struct HeldWriteOptions {
  std::string application_name = "tenantsh";
  int jobs = 0;                                          // as in FanOutOptions
  std::chrono::milliseconds statement_timeout{0};        // 0: none
  std::chrono::milliseconds lock_timeout{5000};          // 0: waits without end
  std::chrono::milliseconds answer_timeout{5 * 60'000};  // an open transaction that waits longer for its end
                                                         // is rolled back by its server
  std::chrono::milliseconds doubt_timeout{10'000};       // how long a lost COMMIT is asked after
  bool as_owner = false;  // what it makes belongs to the owner of the database, or of the tenant's schema
  std::stop_token stop;   // ends run(), never commit()
};

// What became of the statement in one place.
struct HeldWrite {
  enum class State {
    held,  // it ran; its transaction is open
    committed,
    rolled_back,  // on request, or by its server because the answer took too long
    failed,       // `error` says why; nothing of it is left
    in_doubt,     // COMMIT was sent, its answer lost, and the server cannot be asked
  };
  State state = State::failed;
  Tenant tenant;
  std::optional<Result> result;
  std::optional<Error> error;
  std::string transaction;  // PostgreSQL's id of it, "" when nothing was written
  std::chrono::milliseconds elapsed{};
};
std::string_view to_string(HeldWrite::State state);

// One statement in several places at once, each in a transaction of its own that stays open until somebody
// who saw what it did says commit or rollback. What is still open when this ends is rolled back. The sessions
// are its own, not the pool's: a pool that is full of them would wait for itself.
class HeldWrites {
 public:
  HeldWrites(Fleet& fleet, HeldWriteOptions options);
  ~HeldWrites();
  HeldWrites(HeldWrites const&) = delete;
  HeldWrites& operator=(HeldWrites const&) = delete;

  // Runs the statements; a target's failure is its state. Throws Error{interrupted} when `stop` was
  // requested: then nothing is left open.
  void run(std::vector<WriteTarget> const& targets);
  // For statements that no transaction takes: each is done as soon as it ran, nothing is held.
  void run_at_once(std::vector<WriteTarget> const& targets);

  std::vector<HeldWrite> const& writes() const { return writes_; }
  std::size_t held() const;
  // Slugs of those whose session was lost since run(): their servers rolled them back.
  std::vector<std::string> lost();
  // Of each that is held, at the same time. A lost answer is looked for: PostgreSQL knows what became of the
  // transaction.
  void commit();
  void roll_back() noexcept;

 private:
  void over(std::vector<WriteTarget> const& targets, bool hold);
  std::unique_ptr<Session> connect(WriteTarget const& target, std::stop_token const& stop);
  void commit_one(std::size_t index);
  void look_after(std::size_t index, Error lost);

  Fleet& fleet_;
  HeldWriteOptions options_;
  std::vector<WriteTarget> targets_;
  std::vector<HeldWrite> writes_;
  std::vector<std::unique_ptr<Session>> sessions_;  // by index of writes_; null unless held
};

}  // namespace fleet
