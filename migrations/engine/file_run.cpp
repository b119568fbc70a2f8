#include "migrations/engine/file_run.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/statement.hpp"
#include "migrations/engine/explain.hpp"
#include "migrations/engine/index_repair.hpp"
#include "migrations/engine/pause.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/row_counts.hpp"
#include "migrations/engine/sql_text.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

namespace {

using Steady = std::chrono::steady_clock;

std::chrono::milliseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start);
}

// What a file may have left set, undone; values are read as ISO text (fleet::Session).
constexpr char const* plain_settings = "reset all; set datestyle = 'ISO'";

bool lock_not_available(fleet::Error const& error) {
  return error.sqlstate == "55P03" || error.sqlstate == "40P01";
}

fleet::Error interrupted(Script const& script, Direction direction) {
  return fleet::Error{
      fleet::ErrorKind::interrupted,
      "stopped before " + script.file + (direction == Direction::up ? " was applied" : " was taken back")}
      .with_hint(script.no_transaction ? "its statements up to there took effect; run again to go on"
                                       : "nothing of it took effect; run again to go on");
}

// Of the first 0, 1, 2, … statements.
class Digests {
 public:
  explicit Digests(std::vector<Piece> const& pieces) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (Piece const& piece : pieces) {
      for (char c : piece.sql) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
      hash = (hash ^ static_cast<unsigned char>(';')) * 1099511628211ULL;
      after_.push_back(hash);
    }
  }
  std::string of(int count) const {
    std::size_t const statements = std::min(static_cast<std::size_t>(count), after_.size());
    return statements == 0 ? "" : std::to_string(after_[statements - 1]);
  }

 private:
  std::vector<std::uint64_t> after_;
};

// Statements that PostgreSQL runs outside of a transaction only, and those that may end one themselves.
bool wants_no_transaction(Piece const& piece, bool& sets_session) {
  std::string const word = first_word(piece);
  if (word == "INSERT" || word == "UPDATE" || word == "DELETE" || word == "MERGE") return false;
  try {
    fleet::StatementFacts const facts = fleet::examine_statement(piece.sql);
    sets_session = facts.effect == fleet::StatementEffect::session;
    if (facts.transaction_forbidden) return true;
  } catch (fleet::Error const&) {
    return true;  // a newer server's syntax
  }
  return word.empty() || word == "CALL" || word == "DO";
}

}  // namespace

FileRunner::FileRunner(fleet::Session& session, Target target, ApplyOptions const& options)
    : session_(session),
      target_(std::move(target)),
      options_(options),
      owner_(options.find_owner ? options.find_owner() : options.owner) {}

FileRunner::~FileRunner() {
  if (!session_.is_open()) return;
  session_.rollback();  // also forgets a stop that came when nothing ran
  try {
    session_.script(std::string{"reset role; "} + plain_settings);
    // A commit with something in it waits; a session that is gone is left to the server's WAL writer.
    if (unflushed_) session_.script("select pg_catalog.pg_logical_emit_message(true, 'tenantsh', '')");
  } catch (std::exception const&) {  // broken just now; the next call on it says so
  }
}

void FileRunner::at(char const* boundary, Migration const& file) const {
  if (options_.boundary) options_.boundary(boundary, file);
}

FileResult FileRunner::run(Migration const& file, Direction direction, Flush flush) {
  bool const back = direction == Direction::down;
  Script const& script = back && file.down ? *file.down : file;
  if (options_.stop.stop_requested()) throw interrupted(script, direction);
  Work const work{file, script, direction, flush, fill_schema(script.sql, target_.schema_name)};
  FileResult result;
  at("before-begin", file);
  try {
    if (file.language == Language::program)
      run_program(work, result);
    else if (script.no_transaction)
      run_by_statement(work, result);
    else
      with_retries(work, result, [&] { run_in_transaction(work, result); });
  } catch (fleet::Error const& error) {
    throw explain(error, file, script, session_, owner_);
  }
  at("after-commit", file);
  return result;
}

// `attempt` again after lock trouble; Error{interrupted} instead of whatever a cancelled statement throws.
template <typename Attempt>
void FileRunner::with_retries(Work const& work, FileResult& result, Attempt const& attempt) {
  for (int retry = 1;; ++retry) {
    try {
      return attempt();
    } catch (fleet::Error const& error) {
      bool const cancelled = error.sqlstate == "57014" || error.kind == fleet::ErrorKind::interrupted;
      if (options_.stop.stop_requested() && cancelled) throw interrupted(work.script, work.direction);
      if (!lock_not_available(error) || retry > options_.lock_retries) throw;
      if (options_.on_retry) options_.on_retry(work.file, retry, error);
    }
    ++result.retries;
    if (!pause(back_off(options_.retry_pause, retry), options_.stop))
      throw interrupted(work.script, work.direction);
  }
}

LedgerEntry FileRunner::entry(Work const& work, FileResult const& result) const {
  return {work.file.name, work.file.sha256, "", options_.applied_by, result.elapsed.count(), options_.run_id};
}

void FileRunner::settle(Work const& work, FileResult const& result) {
  // A program's own tool wrote its history.
  if (options_.mirror && work.file.language == Language::sql)
    options_.mirror(session_, work.file, work.direction, result.elapsed);
  if (work.direction == Direction::down)
    erase(session_, target_, work.file.name);
  else
    record(session_, target_, entry(work, result));
}

// What is left to be sent along with the commit. The ledger is the session user's, not the owner's.
std::string FileRunner::settle_as_ourselves(Work const& work, FileResult const& result) {
  if (work.direction == Direction::up && !options_.mirror)
    return "reset role; " + recording(session_, target_, entry(work, result));
  session_.script("reset role");
  settle(work, result);
  return {};
}

void FileRunner::run_in_transaction(Work const& work, FileResult& result) {
  Steady::time_point const start = Steady::now();
  std::string settings = std::string{plain_settings} + "; set local lock_timeout = '" +
                         std::to_string(options_.lock_timeout.count()) + "ms'";
  if (work.flush == Flush::later) settings += "; set local synchronous_commit = off";
  if (!owner_.empty()) settings += "; set local role " + session_.quote_identifier(owner_);
  fleet::Transaction transaction{session_, fleet::Access::read_write, settings};
  if (options_.prepare) options_.prepare(session_, work.file);
  std::optional<RowCounter> counter;
  if (work.file.seed) counter.emplace(session_);
  {
    fleet::CancelOnStop const cancel{session_, options_.stop};
    run_located(work.script, work.sql, 0, [&] { session_.script(work.sql); });
  }
  // From here on a stop comes too late: the file becomes whole.
  if (counter) {
    session_.script("reset role");
    result.rows = counter->total();
  }
  result.elapsed = since(start);
  std::string const last = settle_as_ourselves(work, result);
  at("before-commit", work.file);
  transaction.commit(last);
  unflushed_ = work.flush == Flush::later;
}

void FileRunner::run_by_statement(Work const& work, FileResult& result) {
  session_.script(std::string{plain_settings} + "; set lock_timeout = '" +
                  std::to_string(options_.lock_timeout.count()) + "ms'");
  Steady::time_point const start = Steady::now();
  std::vector<Piece> const pieces = split_statements(work.sql);
  ProgressRow row{session_, target_, work.file, work.direction};
  Digests const digests{pieces};
  Progress progress = row.read().value_or(Progress{});
  if (progress.digest != digests.of(progress.done)) {
    if (options_.accepted.count(ProblemKind::changed) == 0)
      throw fleet::Error{fleet::ErrorKind::refused,
                         "the first " + std::to_string(progress.done) +
                             " of its statements took effect here and were edited since"}
          .with_hint(
              "restore them; or take back what they did and accept changed: the file starts anew then");
    progress = {};
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (options_.stop.stop_requested()) throw interrupted(work.script, work.direction);
    bool sets_session = false;
    bool const outside = wants_no_transaction(pieces[i], sets_session);
    if (i < static_cast<std::size_t>(progress.done) && !sets_session) continue;
    try {
      if (sets_session) {
        session_.query(pieces[i].sql);
        if (i == static_cast<std::size_t>(progress.done))
          progress = {digests.of(progress.done + 1), progress.done + 1};
      } else if (outside) {
        run_outside(work, pieces[i], row, progress, result);
        progress = {digests.of(progress.done + 1), progress.done + 1};
        row.write(progress);
      } else {
        with_retries(work, result, [&] {
          fleet::Transaction transaction{session_, fleet::Access::read_write};
          run_piece(work, pieces[i]);
          Progress const after{digests.of(progress.done + 1), progress.done + 1};
          row.write(after);
          transaction.commit();
          progress = after;
        });
      }
    } catch (fleet::Error& error) {
      if (progress.done > 0)
        error.detail += (error.detail.empty() ? "" : "\n") + std::to_string(progress.done) + " of " +
                        std::to_string(pieces.size()) +
                        " statements took effect and are not run again; the next run goes on after them";
      throw;
    }
  }
  result.elapsed = since(start);
  session_.rollback();  // forgets a stop that came after the last statement: the file becomes whole
  session_.script(plain_settings);
  fleet::Transaction transaction{session_, fleet::Access::read_write};
  settle(work, result);
  row.erase();
  at("before-commit", work.file);
  transaction.commit();
}

// Sends one statement as the owner.
void FileRunner::run_piece(Work const& work, Piece const& piece) {
  if (!owner_.empty()) session_.script("set role " + session_.quote_identifier(owner_));
  {
    fleet::CancelOnStop const cancel{session_, options_.stop};
    run_located(work.script, work.sql, piece.offset, [&] { session_.query(piece.sql); });
  }
  if (!owner_.empty()) session_.script("reset role");
}

// One that no transaction covers. What its row says is written before and after: when the process ends
// between, an index that is there and valid is the proof that it was built.
void FileRunner::run_outside(Work const& work, Piece const& piece, ProgressRow& row, Progress progress,
                             FileResult& result) {
  std::optional<ConcurrentIndex> const index = concurrent_index(piece.sql);
  bool const again = progress.begun;
  progress.begun = true;
  row.write(progress);
  with_retries(work, result, [&] {
    if (index) {
      if (again && has_valid_index(session_, *index)) return;
      if (auto dropped = drop_invalid_index(session_, *index)) result.repaired.push_back(*dropped);
    }
    try {
      run_piece(work, piece);
    } catch (fleet::Error const& error) {
      if (session_.is_open() && !owner_.empty()) session_.script("reset role");
      if (session_.is_open() && error.kind == fleet::ErrorKind::sql) {
        progress.begun = false;  // the server answered: it did nothing
        row.write(progress);
      }
      throw;
    }
  });
}

void FileRunner::run_program(Work const& work, FileResult& result) {
  if (!options_.run_program)
    throw fleet::Error{fleet::ErrorKind::refused, "is a program, and nothing here runs programs"};
  Steady::time_point const start = Steady::now();
  options_.run_program(session_, work.file, work.direction);
  result.elapsed = since(start);
  fleet::Transaction transaction{session_, fleet::Access::read_write};
  settle(work, result);
  at("before-commit", work.file);
  transaction.commit();
}

}  // namespace migrations
