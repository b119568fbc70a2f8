#include "migrations/engine/file_run.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "migrations/engine/explain.hpp"
#include "migrations/engine/index_repair.hpp"
#include "migrations/engine/pause.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/row_counts.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

namespace {

using Steady = std::chrono::steady_clock;

std::chrono::milliseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start);
}

// Cancels what the session runs as soon as a stop is requested, for as long as this lives.
class CancelOnStop {
 public:
  CancelOnStop(fleet::Session& session, std::stop_token const& stop) : callback_(stop, Cancel{&session}) {}

 private:
  struct Cancel {
    fleet::Session* session;
    void operator()() const noexcept { session->cancel(); }
  };
  std::stop_callback<Cancel> callback_;
};

// What a file may have left set, undone; values are read as ISO text (fleet::Session).
constexpr char const* plain_settings = "reset all; set datestyle = 'ISO'";

bool lock_not_available(fleet::Error const& error) {
  return error.sqlstate == "55P03" || error.sqlstate == "40P01";
}

fleet::Error interrupted(Migration const& file) {
  return fleet::Error{fleet::ErrorKind::interrupted, "stopped before " + file.name + " was applied"}
      .with_hint(file.no_transaction ? "its statements up to there took effect; run again to go on"
                                     : "nothing of it took effect; run again to go on");
}

}  // namespace

FileRunner::FileRunner(fleet::Session& session, Target target, ApplyOptions const& options)
    : session_(session), target_(std::move(target)), options_(options) {}

FileRunner::~FileRunner() {
  if (!session_.is_open()) return;
  session_.rollback();  // also forgets a stop that came when nothing ran
  try {
    session_.script(std::string{"reset role; "} + plain_settings);
  } catch (std::exception const&) {  // broken just now; the next call on it says so
  }
}

void FileRunner::at(char const* boundary, Migration const& file) const {
  if (options_.boundary) options_.boundary(boundary, file);
}

LedgerEntry FileRunner::entry(Migration const& file, FileResult const& result) const {
  return {file.name, file.sha256, "", options_.applied_by, result.elapsed.count(), options_.run_id};
}

FileResult FileRunner::run(Migration const& file) {
  if (options_.stop.stop_requested()) throw interrupted(file);
  std::string const sql = fill_schema(file.sql, target_.schema_name);
  FileResult result;
  at("before-begin", file);
  try {
    if (file.no_transaction)
      run_by_statement(file, sql, result);
    else
      with_retries(file, result, [&] { run_in_transaction(file, sql, result); });
  } catch (fleet::Error const& error) {
    throw explain(error, file, session_, options_.owner);
  }
  at("after-commit", file);
  return result;
}

// `work` again after lock trouble; Error{interrupted} instead of whatever a cancelled statement throws.
template <typename Work>
void FileRunner::with_retries(Migration const& file, FileResult& result, Work const& work) {
  for (int retry = 1;; ++retry) {
    try {
      return work();
    } catch (fleet::Error const& error) {
      bool const cancelled = error.sqlstate == "57014" || error.kind == fleet::ErrorKind::interrupted;
      if (options_.stop.stop_requested() && cancelled) throw interrupted(file);
      if (!lock_not_available(error) || retry > options_.lock_retries) throw;
      if (options_.on_retry) options_.on_retry(file, retry, error);
    }
    ++result.retries;
    if (!pause(back_off(options_.retry_pause, retry), options_.stop)) throw interrupted(file);
  }
}

void FileRunner::run_in_transaction(Migration const& file, std::string const& sql, FileResult& result) {
  Steady::time_point const start = Steady::now();
  fleet::Transaction transaction{session_, fleet::Access::read_write};
  std::string settings = std::string{plain_settings} + "; set local lock_timeout = '" +
                         std::to_string(options_.lock_timeout.count()) + "ms'";
  if (!options_.owner.empty()) settings += "; set local role " + session_.quote_identifier(options_.owner);
  session_.script(settings);
  std::optional<RowCounter> counter;
  if (file.seed) counter.emplace(session_);
  {
    CancelOnStop const cancel{session_, options_.stop};
    run_located(file, sql, 0, [&] { session_.script(sql); });
  }
  // From here on a stop comes too late: the file becomes whole. The ledger is the session user's, not the
  // owner's.
  session_.script("reset role");
  if (counter) result.rows = counter->total();
  result.elapsed = since(start);
  record(session_, target_, entry(file, result));
  at("before-commit", file);
  transaction.commit();
}

void FileRunner::run_by_statement(Migration const& file, std::string const& sql, FileResult& result) {
  std::string settings = std::string{plain_settings} + "; set lock_timeout = '" +
                         std::to_string(options_.lock_timeout.count()) + "ms'";
  if (!options_.owner.empty()) settings += "; set role " + session_.quote_identifier(options_.owner);
  session_.script(settings);
  Steady::time_point const start = Steady::now();
  std::vector<Piece> const pieces = split_statements(sql);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (options_.stop.stop_requested()) throw interrupted(file);
    Piece const& piece = pieces[i];
    std::optional<ConcurrentIndex> const index = concurrent_index(piece.sql);
    try {
      with_retries(file, result, [&] {
        if (index)
          if (auto dropped = drop_invalid_index(session_, *index)) result.repaired.push_back(*dropped);
        CancelOnStop const cancel{session_, options_.stop};
        run_located(file, sql, piece.offset, [&] { session_.query(piece.sql); });
      });
    } catch (fleet::Error& error) {
      if (i == 0) throw;
      error.detail += (error.detail.empty() ? "" : "\n") + std::to_string(i) + " of " +
                      std::to_string(pieces.size()) +
                      " statements took effect; with IF [NOT] EXISTS in them " + "the file can run again";
      throw;
    }
  }
  result.elapsed = since(start);
  session_.rollback();  // forgets a stop that came after the last statement: the file becomes whole
  session_.script(std::string{"reset role; "} + plain_settings);
  at("before-commit", file);
  record(session_, target_, entry(file, result));
}

}  // namespace migrations
