#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/boundary.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/event.hpp"
#include "runbooks/engine/mirror.hpp"
#include "runbooks/engine/transcript.hpp"

namespace runbooks {

// The DDL of schema `runbook` (run, attempt, item, lease, note), idempotent.
extern char const* const journal_schema;

// The journal of one run: every event goes to the mirror first, then to master as soon as master exists.
// Lines that master has not seen (it did not exist, it was away) are copied when it comes.
// Writes to master are fenced: they say the run's epoch, and a run that somebody else took over gets
// Error{locked} instead of a second writer.
class Journal {
 public:
  struct Parts {
    fleet::Fleet& fleet;
    fleet::Operator const& who;
    std::filesystem::path folder;  // HOME/runs/ENVIRONMENT
    Boundary boundary;
    Console* console = nullptr;  // is told what stops nothing
  };

  // A new run; nothing is written before the first append().
  Journal(Parts parts, std::string id, std::string started, Json head);
  // Goes on with a run found by find_run(); with `now` master is brought up to date at once.
  enum class Attach { later, now };
  Journal(Parts parts, std::filesystem::path mirror, std::vector<Event> events, std::string id,
          Attach attach = Attach::later);
  ~Journal();

  RunRecord const& record() const { return record_; }
  // Journals `event` (seq, time, who and epoch are filled in) and makes it durable before it returns.
  // With `hold` the event waits in memory until the next one that is not held: looking around (steps found
  // already done) writes nothing when the run then ends without having acted.
  enum class Durability { now, hold };
  void append(Event event, Durability durability = Durability::now);

  // Opens the session to master and writes nothing. Null, with `why_detached()`, when master is not there.
  // The same session holds the run's advisory locks.
  fleet::Session* connect();
  // Makes the schema if need be and brings master up to date. False when master is not there.
  bool attach();
  std::string const& why_detached() const { return why_detached_; }
  // Takes the run over: raises the epoch, so that a former process of this run cannot write any more.
  void take_over();

 private:
  void write(Event const& event);
  void write_to_master(Event const& event);
  void detach(fleet::Error const& why);
  void ensure_schema();

  Parts parts_;
  std::string id_, started_;
  Json head_;
  std::optional<Mirror> mirror_;
  Transcript transcript_;      // beside the mirror, for people
  std::vector<Event> events_;  // all, also held ones
  std::size_t durable_ = 0;    // how many of them are in the mirror
  RunRecord record_;
  std::unique_ptr<fleet::Session> session_;
  std::string why_detached_;
  bool attached_ = false;
  int epoch_ = 1;
};

// What somebody wrote beside the journal of a run (runbook.note); in master only.
struct RunNote {
  std::string at, author, text;  // time in ISO 8601, UTC
};

// Everything known about one run, from the mirror or, when it was made elsewhere, from master.
struct FoundRun {
  RunRecord record;
  std::vector<Event> events;
  std::filesystem::path mirror;  // empty: only in master
  std::vector<RunNote> notes;    // filled in by read_notes()
};

struct FoundRuns {
  std::vector<FoundRun> runs;  // newest first
  // Why only the mirrors of this machine were read; empty: master was asked too.
  std::string master_unreachable;
};

// All runs of the environment: mirrors and master's rows together.
FoundRuns find_runs(fleet::Fleet& fleet, std::filesystem::path const& folder);
// The notes of a run, oldest first; none when master cannot be asked.
std::vector<RunNote> read_notes(fleet::Fleet& fleet, std::string const& run_id);
// The one whose id starts with `id`. Error{not_found} or Error{usage} when several do.
FoundRun find_run(fleet::Fleet& fleet, std::filesystem::path const& folder, std::string const& id);

}  // namespace runbooks
