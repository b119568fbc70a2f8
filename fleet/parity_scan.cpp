#include "fleet/parity_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include "fleet/cancel_on_stop.hpp"

namespace fleet {
namespace {

// Some tenths of a second, so that nobody waits long for the last one.
constexpr std::uint64_t bytes_of_a_piece = std::uint64_t{32} << 20;
// Then a session leaves its transaction for a new one in the same snapshot: until then it holds a lock on
// each of them and on their indexes, and a server has room for some thousands only.
constexpr std::size_t tables_of_a_transaction = 50;

class Work {
 public:
  Work(std::vector<ParityScan*> const& scans, std::stop_token const& stop)
      : outer_(stop, [this] { stop_.request_stop(); }) {
    for (ParityScan* scan : scans) queues_.push_back({scan, 0, {}, {}});
  }

  std::size_t pieces(std::size_t queue) const { return queues_[queue].scan->pieces.size(); }

  void run(std::size_t number) noexcept {
    try {
      work(queues_[number]);
    } catch (std::exception const&) {
      std::lock_guard const lock{mutex_};
      if (!failure_) failure_ = std::current_exception();
      stop_.request_stop();
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
    for (Queue const& queue : queues_)
      if (queue.no_room && queue.next < queue.scan->pieces.size()) std::rethrow_exception(queue.no_room);
  }

 private:
  struct Queue {
    ParityScan* scan;
    std::size_t next;
    std::set<std::size_t> refused;  // tables
    std::exception_ptr no_room;
  };

  ParityPiece const* next(Queue& queue) {
    std::lock_guard const lock{mutex_};
    while (queue.next < queue.scan->pieces.size()) {
      ParityPiece const& piece = queue.scan->pieces[queue.next++];
      if (queue.refused.count(piece.table) == 0) return &piece;
    }
    return nullptr;
  }

  void work(Queue& queue) {
    std::stop_token const stop = stop_.get_token();
    auto session = connect(queue, stop);
    if (!session) return;
    {
      CancelOnStop const cancel{*session, stop};
      std::set<std::size_t> locked;
      while (ParityPiece const* piece = next(queue)) {
        if (locked.insert(piece->table).second && locked.size() > tables_of_a_transaction) {
          queue.scan->readers.source().enter(*session);
          locked = {piece->table};
        }
        if (stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
        read(queue, *session, *piece);
      }
    }
    if (!stop.stop_requested()) queue.scan->readers.give_back(std::move(session));
  }

  // A server that has no connection left for this one may have given some to the others: they do the work.
  std::unique_ptr<Session> connect(Queue& queue, std::stop_token const& stop) {
    try {
      return queue.scan->readers.take(stop);
    } catch (Error const& error) {
      if (error.sqlstate != "53300") throw;
      std::lock_guard const lock{mutex_};
      queue.no_room = std::current_exception();
      return nullptr;
    }
  }

  void read(Queue& queue, Session& session, ParityPiece const& piece) {
    try {
      Result const result = session.query(piece.sql);
      std::lock_guard const lock{mutex_};
      queue.scan->answered(piece, result);
    } catch (Error const& error) {
      if (error.kind != ErrorKind::sql || stop_.stop_requested()) throw;
      {
        std::lock_guard const lock{mutex_};
        if (queue.refused.insert(piece.table).second) queue.scan->refused(piece, error);
      }
      queue.scan->readers.source().enter(session);
    }
  }

  std::vector<Queue> queues_;
  std::mutex mutex_;  // of the queues and of who is told
  std::exception_ptr failure_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_;
};

}  // namespace

std::vector<ParityPiece> pieces_of(ParityTable const& table, std::size_t index, std::string const& select,
                                   std::string const& rest) {
  std::string const whole = select + " from only " + table.quoted + " t";
  std::uint64_t const count = table.in_pages
                                  ? std::clamp<std::uint64_t>(table.bytes / bytes_of_a_piece, 1,
                                                              std::max<std::uint64_t>(table.pages, 1))
                                  : 1;
  std::vector<ParityPiece> pieces;
  for (std::uint64_t i = 0; i < count; ++i) {
    // The last one has no end: pages that came since hold no row of the snapshot, and cost little.
    std::string where;
    if (i > 0) where = fmt::format(" where t.ctid >= '({},0)'", table.pages * i / count);
    if (i + 1 < count)
      where += fmt::format("{} t.ctid < '({},0)'", i > 0 ? " and" : " where", table.pages * (i + 1) / count);
    pieces.push_back({index, whole + where + rest, table.bytes / count});
  }
  return pieces;
}

std::unique_ptr<Session> ParityReaders::take(std::stop_token const& stop) {
  {
    std::lock_guard const lock{mutex_};
    if (!idle_.empty()) {
      auto session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  return source_.worker(stop);
}

void ParityReaders::give_back(std::unique_ptr<Session> session) {
  std::lock_guard const lock{mutex_};
  idle_.push_back(std::move(session));
  if (++given_back_ % tables_of_a_transaction == 0) idle_.clear();
}

void ParityReaders::close() {
  std::lock_guard const lock{mutex_};
  idle_.clear();
}

void run_scans(std::vector<ParityScan*> const& scans, int jobs, std::stop_token const& stop) {
  Work work{scans, stop};
  // One for each side before one of them takes all that a server has left.
  for (ParityScan* scan : scans)
    if (!scan->pieces.empty()) scan->readers.give_back(scan->readers.take(stop));
  {
    std::vector<std::jthread> threads;
    for (std::size_t queue = 0; queue < scans.size(); ++queue)
      for (std::size_t i = 0; i < std::min(work.pieces(queue), static_cast<std::size_t>(std::max(jobs, 1)));
           ++i)
        threads.emplace_back([&work, queue] { work.run(queue); });
  }
  work.rethrow();
}

}  // namespace fleet
