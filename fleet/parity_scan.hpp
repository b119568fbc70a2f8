#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/parity_source.hpp"

namespace fleet {

// A statement over a part of a table.
struct ParityPiece {
  std::size_t table = 0;  // whatever the caller counts by
  std::string sql;
  std::uint64_t bytes = 0;  // for progress
};

// `select` over the rows of a table, in pieces that several sessions can share: ranges of pages where the
// table has them. `rest` follows the condition (a GROUP BY).
std::vector<ParityPiece> pieces_of(ParityTable const& table, std::size_t index, std::string const& select,
                                   std::string const& rest);

// The sessions of one side that read beside each other, kept from one scan to the next.
class ParityReaders {
 public:
  explicit ParityReaders(ParitySource const& source) : source_(source) {}

  ParitySource const& source() const { return source_; }
  // One of them, in the snapshot.
  std::unique_ptr<Session> take(std::stop_token const& stop);
  void give_back(std::unique_ptr<Session> session);
  void close();  // all that are there

 private:
  ParitySource const& source_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_;
  std::size_t given_back_ = 0;  // each may have locked another table
};

// What one side has to read, and who is told: `answered` and `refused` (a statement failed, the others of its
// table are left out) from any thread, one at a time.
struct ParityScan {
  ParityReaders& readers;
  std::vector<ParityPiece> pieces;  // begun in this order
  std::function<void(ParityPiece const&, Result const&)> answered;
  std::function<void(ParityPiece const&, Error const&)> refused;
};

// Runs all of them at once, each with up to `jobs` sessions. Throws what stops everything: a lost connection,
// an interruption.
void run_scans(std::vector<ParityScan*> const& scans, int jobs, std::stop_token const& stop);

}  // namespace fleet
