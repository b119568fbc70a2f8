#include "fleet/parity_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/error.hpp"

namespace fleet {
namespace {

// Of all tables together: some 20 MB.
constexpr std::size_t kept_keys_in_all = 3 * kept_keys;

std::string listed(std::vector<std::string> const& columns) {
  std::string text;
  for (std::string const& column : columns) text += (text.empty() ? "" : ", ") + column;
  return text;
}

std::int64_t apart(std::int64_t a, std::int64_t b) { return a < b ? b - a : a - b; }

// A session of each side, given back when all went well.
struct Readers {
  Readers(ParityPair const& pair, std::stop_token const& stop)
      : here(pair.here.take(stop)), there(pair.there.take(stop)) {}
  std::unique_ptr<Session> here, there;
};

}  // namespace

ParityTables::ParityTables(ParityRequest const& request, ParityMeans const& means, ParityPair pair,
                           bool digests)
    : request_(request), means_(means), pair_(pair), digests_(digests) {
  match();
}

void ParityTables::match() {
  std::map<std::string, std::size_t> index;
  auto at = [&](std::string const& label) -> Table& {
    auto const [found, added] = index.try_emplace(label, tables_.size());
    if (added) tables_.emplace_back();
    return tables_[found->second];
  };
  for (ParityTable const& table : pair_.here.source().catalog().tables) at(table.label).here = &table;
  for (ParityTable const& table : pair_.there.source().catalog().tables) at(table.label).there = &table;
  for (Table& table : tables_) {
    table.finding.kind = "table";
    table.finding.name = (table.here ? table.here : table.there)->label;
    if (table.here && table.there) table.shape = shape_of_rows(*table.here, *table.there);
    if (!table.here || !table.there) continue;
    for (Side side : {Side::here, Side::there}) {
      ParityTable const* one = side == Side::here ? table.here : table.there;
      ParityPlace const& place = (side == Side::here ? pair_.here : pair_.there).source().place();
      if (!one->readable)
        fail(table, side,
             fmt::format("login {0} may not read it: grant select on {1} to {0}", place.endpoint.get("user"),
                         one->quoted));
    }
  }
}

void ParityTables::fail(Table& table, Side side, std::string const& why) {
  ParityFinding& finding = table.finding;
  finding.says += fmt::format("{}{}: {}", finding.state == ParityState::failed ? "; " : "",
                              side == Side::here ? "here" : "there", why);
  finding.state = ParityState::failed;
  table.differs = false;
}

// Everything that is read of many tables: the largest first, so that all sessions end together.
void ParityTables::read(
    std::function<std::vector<ParityPiece>(Table const&, std::size_t, Side)> const& pieces,
    std::function<void(Table&, Side, Result const&)> const& take) {
  std::vector<std::size_t> order(tables_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto bytes = [&](std::size_t index) {
    Table const& table = tables_[index];
    return std::max(table.here ? table.here->bytes : 0, table.there ? table.there->bytes : 0);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return bytes(a) > bytes(b); });
  ParityProgress* const progress = means_.progress;
  auto scan = [&](Side side) {
    ParityScan all{side == Side::here ? pair_.here : pair_.there, {}, {}, {}};
    for (std::size_t index : order)
      for (ParityPiece& piece : pieces(tables_[index], index, side)) {
        ++tables_[index].pieces_left;
        if (progress) progress->bytes_in_all += piece.bytes;
        all.pieces.push_back(std::move(piece));
      }
    all.answered = [this, side, take, progress](ParityPiece const& piece, Result const& result) {
      Table& table = tables_[piece.table];
      take(table, side, result);
      --table.pieces_left;
      if (!progress) return;
      progress->bytes += piece.bytes;
      if (counting_ && table.pieces_left == 0) ++progress->tables;
    };
    all.refused = [this, side](ParityPiece const& piece, Error const& error) {
      fail(tables_[piece.table], side, error.message);
    };
    return all;
  };
  for (Table& table : tables_) table.pieces_left = 0;
  ParityScan here = scan(Side::here), there = scan(Side::there);
  run_scans({&here, &there}, request_.jobs, means_.stop);
}

std::string ParityTables::digest_select(Table const& table) const {
  std::string sum = "'0'";
  if (digests_ && table.here && table.there)
    sum = table.shape.whole
              ? digest_expression()
              : fmt::format("coalesce(pg_catalog.sum({}), 0)::text", row_hash(table.shape.row_text()));
  return "select pg_catalog.count(*) as rows, " + sum + " as sum";
}

void ParityTables::read_digests() {
  if (means_.progress) means_.progress->tables_in_all = tables_.size();
  read(
      [&](Table const& table, std::size_t index, Side side) {
        ParityTable const* one = side == Side::here ? table.here : table.there;
        if (!one || !one->readable || table.finding.state == ParityState::failed)
          return std::vector<ParityPiece>{};
        return pieces_of(*one, index, digest_select(table), "");
      },
      [](Table& table, Side side, Result const& result) {
        (side == Side::here ? table.sum_here : table.sum_there)
            .add(*result.at(0, "rows"), *result.at(0, "sum"));
      });
}

// After the digests.
void ParityTables::judge(Table& table) {
  ParityFinding& finding = table.finding;
  if (finding.state == ParityState::failed) return;
  if (table.here && table.here->readable) finding.rows_here = table.sum_here.rows();
  if (table.there && table.there->readable) finding.rows_there = table.sum_there.rows();
  if (!table.here || !table.there) {
    finding.state = table.here ? ParityState::missing_there : ParityState::missing_here;
    return;
  }
  RowShape const& shape = table.shape;
  if (table.sum_here != table.sum_there) {
    finding.state = ParityState::different;
    finding.differing = apart(table.sum_here.rows(), table.sum_there.rows());
    table.differs = digests_;
  } else {
    finding.differing = 0;
    if (!shape.only_here.empty() || !shape.only_there.empty()) finding.state = ParityState::different;
  }
  auto say = [&](std::string const& text) { finding.says += (finding.says.empty() ? "" : "; ") + text; };
  if (!shape.only_here.empty()) say("only here: column " + listed(shape.only_here));
  if (!shape.only_there.empty()) say("only there: column " + listed(shape.only_there));
  if (table.differs && (table.here->unlogged || table.there->unlogged)) say("unlogged: a crash empties it");
}

void ParityTables::read_buckets() {
  for (Table& table : tables_)
    if (table.differs)
      table.buckets.count = buckets_for(std::max(table.sum_here.rows(), table.sum_there.rows()));
  read(
      [&](Table const& table, std::size_t index, Side side) {
        if (!table.differs || table.buckets.count == 0) return std::vector<ParityPiece>{};
        return pieces_of(side == Side::here ? *table.here : *table.there, index,
                         bucket_select(table.shape, table.buckets.count), bucket_rest);
      },
      [](Table& table, Side side, Result const& result) {
        auto& sums = side == Side::here ? table.in_here : table.in_there;
        for (std::size_t row = 0; row < result.rows(); ++row)
          sums[to_number(result.at(row, "bucket"))].add(*result.at(row, "rows"), *result.at(row, "sum"));
      });
  for (Table& table : tables_) {
    if (!table.differs) continue;
    for (auto const& [bucket, sum] : table.in_here) {
      auto const other = table.in_there.find(bucket);
      if (other == table.in_there.end() || !(other->second == sum)) table.buckets.differing.push_back(bucket);
    }
    for (auto const& [bucket, sum] : table.in_there)
      if (table.in_here.count(bucket) == 0) table.buckets.differing.push_back(bucket);
    table.in_here.clear();
    table.in_there.clear();
  }
}

void ParityTables::read_rows(Table& table, DifferingKeys const* only) {
  Readers sessions{pair_, means_.stop};
  RowsCompared found;
  try {
    CancelOnStop const here{*sessions.here, means_.stop}, there{*sessions.there, means_.stop};
    found = compare_rows(table.shape, table.buckets, *sessions.here, *sessions.there, request_.show, only,
                         means_.stop);
  } catch (Error const& error) {
    if (means_.stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
    if (error.kind != ErrorKind::sql) throw;
    table.finding.says +=
        (table.finding.says.empty() ? "" : "; ") + ("its rows could not be looked at: " + error.message);
    table.finding.differing.reset();
    table.differs = false;
    return;
  }
  if (!means_.stop.stop_requested()) {
    pair_.here.give_back(std::move(sessions.here));
    pair_.there.give_back(std::move(sessions.there));
  }
  if (only) {
    std::int64_t const before = *table.finding.differing;
    settled_ += std::max<std::int64_t>(before - found.differing, 0);
    table.settled += std::max<std::int64_t>(before - found.differing, 0);
    table.moving = 0;
    for (auto const& [key, signature] : found.keys)
      if (auto const known = only->find(key); known != only->end() && known->second != signature)
        ++table.moving;
  }
  table.finding.differing = found.differing;
  table.finding.rows = std::move(found.shown);
  kept_ -= table.kept;
  table.all_kept = found.all_kept && kept_ + found.keys.size() <= kept_keys_in_all;
  table.keys = table.all_kept ? std::move(found.keys) : DifferingKeys{};
  table.kept = table.keys.size();
  kept_ += table.kept;
}

void ParityTables::compare() {
  read_digests();
  counting_ = false;
  for (Table& table : tables_) judge(table);
  if (std::none_of(tables_.begin(), tables_.end(), [](Table const& table) { return table.differs; })) return;
  read_buckets();
  for (Table& table : tables_)
    if (table.differs) read_rows(table, nullptr);
  for (Table const& table : tables_) unsettled_ = unsettled_ || (table.differs && table.all_kept);
}

void ParityTables::look_again() {
  ++looks_;
  unsettled_ = false;
  for (Table& table : tables_) {
    if (!table.differs || !table.all_kept || table.keys.empty()) continue;
    DifferingKeys const before = std::move(table.keys);
    read_rows(table, &before);
    if (table.moving > 0) moved_ = unsettled_ = true;
  }
}

std::int64_t ParityTables::still_differing() const {
  std::int64_t sum = 0;
  for (Table const& table : tables_)
    if (table.differs) sum += table.finding.differing.value_or(0);
  return sum;
}

std::vector<ParityFinding> ParityTables::findings() {
  std::vector<ParityFinding> all;
  for (Table& table : tables_) {
    ParityFinding& finding = table.finding;
    auto say = [&](std::string const& text) { finding.says += (finding.says.empty() ? "" : "; ") + text; };
    if (table.settled > 0) say(counted(table.settled, "row") + " settled when looked at again");
    if (table.moving > 0) say(counted(table.moving, "row") + " being written");
    if (table.differs && !table.all_kept && looks_ > 1) say("too many rows to look at them again");
    bool const columns = !table.shape.only_here.empty() || !table.shape.only_there.empty();
    if (finding.state == ParityState::different && finding.differing && !columns) {
      if (*finding.differing == 0)
        finding.state = table.settled > 0 ? ParityState::same : ParityState::different;
      else if (*finding.differing <= request_.drift)
        finding.state = ParityState::within_drift;
    }
    all.push_back(std::move(finding));
  }
  std::sort(all.begin(), all.end(),
            [](ParityFinding const& a, ParityFinding const& b) { return a.name < b.name; });
  return all;
}

}  // namespace fleet
