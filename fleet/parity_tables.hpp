#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "fleet/parity_objects.hpp"
#include "fleet/parity_rows.hpp"
#include "fleet/table_digest.hpp"

namespace fleet {

// The rows of all tables: digests first, then of what differs the buckets of keys, then the rows.
class ParityTables {
 public:
  ParityTables(ParityRequest const& request, ParityMeans const& means, ParityPair pair, bool digests);
  ParityTables(ParityTables const&) = delete;
  ParityTables& operator=(ParityTables const&) = delete;

  void compare();
  // At the keys that differ, in the snapshots that the sides have now.
  void look_again();

  // Something differs that another look may find settled.
  bool unsettled() const { return unsettled_; }
  int looks() const { return looks_; }
  std::int64_t settled() const { return settled_; }
  std::int64_t still_differing() const;
  bool moved() const { return moved_; }  // rows changed between two looks

  // By the names of the tables.
  std::vector<ParityFinding> findings();

 private:
  struct Table {
    ParityTable const* here = nullptr;
    ParityTable const* there = nullptr;
    RowShape shape = {};
    DigestSum sum_here = {}, sum_there = {};
    std::size_t pieces_left = 0;
    ParityFinding finding = {};
    bool differs = false;  // rows of it are to be looked at
    Buckets buckets = {};
    std::map<std::int64_t, DigestSum> in_here = {}, in_there = {};
    DifferingKeys keys = {};
    std::size_t kept = 0;
    bool all_kept = true;
    std::int64_t settled = 0, moving = 0;
  };
  enum class Side { here, there };

  void match();
  void read_digests();
  void judge(Table& table);
  void read_buckets();
  void read_rows(Table& table, DifferingKeys const* only);
  void fail(Table& table, Side side, std::string const& why);
  void read(std::function<std::vector<ParityPiece>(Table const&, std::size_t, Side)> const& pieces,
            std::function<void(Table&, Side, Result const&)> const& take);
  std::string digest_select(Table const& table) const;

  ParityRequest const& request_;
  ParityMeans const& means_;
  ParityPair pair_;
  bool digests_;
  std::deque<Table> tables_;
  bool counting_ = true;  // tables, for the progress
  bool unsettled_ = false, moved_ = false;
  int looks_ = 1;
  std::int64_t settled_ = 0;
  std::size_t kept_ = 0;  // keys, of all tables
};

}  // namespace fleet
