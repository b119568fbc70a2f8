#include "fleet/parity_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/table_digest.hpp"

namespace fleet {
namespace {

using Json = nlohmann::json;

constexpr std::size_t rows_of_a_batch = 2048, batches_that_wait = 8;
constexpr int characters_shown = 200;  // of a value
// So many are sorted faster than read once more.
constexpr std::int64_t rows_sorted_at_once = 100'000;
constexpr std::int64_t rows_of_a_bucket = 1024, fewest_buckets = 256, most_buckets = 65536;

// Runs a statement on a thread of its own; who merges takes its rows as they come, and the statement waits
// when it is faster. Rows that are equal come as one.
class RowFeed final : public RowSink {
 public:
  RowFeed(Session& session, std::string sql, std::stop_token const& stop)
      : outer_(stop, [this] { stop_.request_stop(); }),
        thread_([this, &session, text = std::move(sql)] { read(session, text); }) {}

  ~RowFeed() override {
    {
      std::lock_guard const lock{mutex_};
      abandoned_ = true;
    }
    changed_.notify_all();
    stop_.request_stop();
  }

  // False after the last. Throws what the statement threw.
  bool next(RowRun& run) {
    if (at_ == batch_.size()) {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !batches_.empty() || ended_; });
      if (batches_.empty()) {
        if (failure_) std::rethrow_exception(failure_);
        return false;
      }
      batch_ = std::move(batches_.front());
      batches_.pop_front();
      at_ = 0;
      lock.unlock();
      changed_.notify_all();
    }
    run = std::move(batch_[at_++]);
    return true;
  }

  void columns(std::vector<Column> const&) override {}
  void row(std::vector<std::optional<std::string_view>> const& cells) override {
    std::int64_t const key = to_number(cells[0]), hash = to_number(cells[1]);
    if (!open_.empty() && open_.back().key == key && open_.back().hash == hash) {
      ++open_.back().times;
      return;
    }
    if (open_.size() == rows_of_a_batch) hand_over();
    open_.push_back({key, hash, 1, std::string{cells[2].value_or("")}});
  }

 private:
  void read(Session& session, std::string const& sql) {
    std::exception_ptr failure;
    try {
      CancelOnStop const cancel{session, stop_.get_token()};
      session.stream(sql, *this);
      hand_over();
    } catch (std::exception const&) {
      failure = std::current_exception();
    }
    std::lock_guard const lock{mutex_};
    failure_ = failure;
    ended_ = true;
    changed_.notify_all();
  }

  void hand_over() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return batches_.size() < batches_that_wait || abandoned_; });
    if (abandoned_) throw Error{ErrorKind::interrupted, "interrupted"};
    if (!open_.empty()) batches_.push_back(std::move(open_));
    open_.clear();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<RowRun>> batches_;
  bool ended_ = false, abandoned_ = false;
  std::exception_ptr failure_;
  std::vector<RowRun> open_;   // of the reading thread
  std::vector<RowRun> batch_;  // of the merging one
  std::size_t at_ = 0;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_;
  std::jthread thread_;  // last: it uses what stands above
};

std::uint64_t mixed(std::uint64_t seed, std::uint64_t value) {
  return (seed ^ value) * 0x9e3779b97f4a7c15u + (seed >> 29);
}

// The runs of one key, on one side.
struct Runs {
  std::vector<RowRun> all;
  std::int64_t times() const {
    std::int64_t sum = 0;
    for (RowRun const& run : all) sum += run.times;
    return sum;
  }
};

// One side as groups of one key each.
class Groups {
 public:
  Groups(Session& session, std::string sql, std::stop_token const& stop)
      : feed_(session, std::move(sql), stop), some_(feed_.next(next_)) {}

  bool some() const { return some_; }
  std::int64_t key() const { return next_.key; }
  void take(Runs& runs) {
    runs.all.clear();
    std::int64_t const wanted = next_.key;
    while (some_ && next_.key == wanted) {
      // Equal rows may have come in two batches.
      if (!runs.all.empty() && runs.all.back().hash == next_.hash)
        runs.all.back().times += next_.times;
      else
        runs.all.push_back(std::move(next_));
      some_ = feed_.next(next_);
    }
  }

 private:
  RowFeed feed_;
  RowRun next_;
  bool some_;
};

struct Leftover {
  std::int64_t here = 0, there = 0;
  RowRun first_here, first_there;
  std::uint64_t signature = 0;
};

// What remains of two groups of one key when rows that both have are taken away; both are ordered by hash.
Leftover leftover(Runs const& here, Runs const& there) {
  Leftover left;
  auto a = here.all.begin(), b = there.all.begin();
  auto add = [&](RowRun const& run, std::int64_t times, std::int64_t& sum, RowRun& first,
                 std::uint64_t side) {
    if (sum == 0) first = run;
    sum += times;
    left.signature = mixed(mixed(left.signature, static_cast<std::uint64_t>(run.hash) + side),
                           static_cast<std::uint64_t>(times));
  };
  while (a != here.all.end() || b != there.all.end()) {
    bool const only_a = b == there.all.end() || (a != here.all.end() && a->hash < b->hash);
    bool const only_b = !only_a && (a == here.all.end() || b->hash < a->hash);
    if (only_a) {
      add(*a, a->times, left.here, left.first_here, 1);
      ++a;
    } else if (only_b) {
      add(*b, b->times, left.there, left.first_there, 2);
      ++b;
    } else {
      if (a->times > b->times) add(*a, a->times - b->times, left.here, left.first_here, 1);
      if (b->times > a->times) add(*b, b->times - a->times, left.there, left.first_there, 2);
      ++a;
      ++b;
    }
  }
  return left;
}

RowDifference::What what_of(Leftover const& left, std::int64_t here, std::int64_t there) {
  using What = RowDifference::What;
  if (there == 0) return What::missing_there;
  if (here == 0) return What::missing_here;
  if (left.here > 0 && left.there > 0) return What::different;
  return left.here > 0 ? What::more_here : What::more_there;
}

std::string row_of(std::vector<std::string> const& columns) {
  std::string text;
  for (std::string const& column : columns) text += (text.empty() ? "t." : ", t.") + quoted_name(column);
  return "row(" + text + ")::text";
}

// Statement with the columns that merge_rows() wants.
std::string hashes_sql(RowShape const& shape, ParityTable const& table, Buckets const& buckets) {
  std::string const from = " from only " + table.quoted + " t";
  std::string numbers;
  for (std::int64_t bucket : buckets.differing)
    numbers += (numbers.empty() ? "" : ",") + std::to_string(bucket);
  bool const narrow = buckets.count > 0 && 2 * std::ssize(buckets.differing) <= buckets.count;
  auto condition = [&](std::string const& key) {
    if (!narrow) return std::string{};
    return fmt::format(" where ({} & {}) = any('{{{}}}'::bigint[])", key, buckets.count - 1, numbers);
  };
  std::string const hash = row_hash(shape.row_text());
  // OFFSET 0: the hash is computed once, not once for each use.
  if (shape.key.empty())
    return "select q.hash as key, q.hash, q.place from (select " + hash + " as hash, t.ctid as place" + from +
           " offset 0) q" + condition("q.hash") + " order by 1, 2";
  std::string const key = row_hash(shape.key_text());
  return "select " + key + " as key, " + hash + " as hash, t.ctid as place" + from + condition(key) +
         " order by 1, 2";
}

struct FetchedRow {
  std::vector<std::optional<std::string>> texts;
  std::vector<std::string> hashes, key;
};

std::vector<std::optional<std::string>> texts_of(std::string const& json) {
  std::vector<std::optional<std::string>> texts;
  for (Json const& each : Json::parse(json))
    texts.push_back(each.is_null() ? std::nullopt : std::optional{each.get<std::string>()});
  return texts;
}

std::string array_of(std::vector<std::string> const& columns, std::string_view form) {
  std::string all;
  for (std::string const& column : columns)
    all += (all.empty() ? "" : ", ") + fmt::format(fmt::runtime(form), "t." + quoted_name(column));
  return "pg_catalog.to_json(array[" + all + "]::text[])";
}

// Rows by their places: in the transaction whose snapshot found them there.
std::map<std::string, FetchedRow> fetch(RowShape const& shape, ParityTable const& table, Session& session,
                                        std::vector<std::string> const& places) {
  std::map<std::string, FetchedRow> rows;
  if (places.empty()) return rows;
  std::string list;
  for (std::string const& place : places) list += (list.empty() ? "\"" : ",\"") + place + "\"";
  std::string const cut = fmt::format(
      "case when pg_catalog.length({{0}}::text) > {0} then pg_catalog.left({{0}}::text, {0}) || '…' else "
      "{{0}}::text end",
      characters_shown);
  Result const found = session.query(
      {fmt::format("select t.ctid::text as place, {} as texts, {} as hashes, {} as key from only {} t where "
                   "t.ctid = any($1::tid[])",
                   array_of(shape.columns, cut),
                   array_of(shape.columns, row_hash("row({0})::text") + "::text"), array_of(shape.key, cut),
                   table.quoted),
       {"{" + list + "}"}});
  for (std::size_t row = 0; row < found.rows(); ++row) {
    FetchedRow one{texts_of(found.text(row, "texts")), {}, {}};
    for (auto const& hash : texts_of(found.text(row, "hashes"))) one.hashes.push_back(hash.value_or(""));
    for (auto const& part : texts_of(found.text(row, "key"))) one.key.push_back(part.value_or("NULL"));
    rows[found.text(row, "place")] = std::move(one);
  }
  return rows;
}

std::string key_of(RowShape const& shape, FetchedRow const& row) {
  std::string text;
  for (std::size_t i = 0; i < shape.key.size(); ++i)
    text += (i == 0 ? "" : ", ") + shape.key[i] + "=" + row.key[i];
  return text;
}

RowDifference shown(RowShape const& shape, DifferingRow const& found, FetchedRow const* here,
                    FetchedRow const* there) {
  RowDifference difference;
  difference.what = found.what;
  difference.times_here = found.times_here;
  difference.times_there = found.times_there;
  if (here || there) difference.key = key_of(shape, here ? *here : *there);
  bool const both = here && there;
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    if (both && here->hashes[i] == there->hashes[i]) continue;
    difference.values.push_back(
        {shape.columns[i], here ? here->texts[i] : std::nullopt, there ? there->texts[i] : std::nullopt});
  }
  return difference;
}

}  // namespace

char const* const bucket_rest = " offset 0) q group by 1";

std::string RowShape::row_text() const { return whole ? "(t.*)::text" : row_of(columns); }
std::string RowShape::key_text() const { return key.empty() ? row_text() : row_of(key); }

RowShape shape_of_rows(ParityTable const& here, ParityTable const& there) {
  RowShape shape;
  shape.here = &here;
  shape.there = &there;
  shape.whole = here.columns == there.columns;
  auto has = [](std::vector<std::string> const& all, std::string const& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  for (std::string const& column : here.columns)
    (has(there.columns, column) ? shape.columns : shape.only_here).push_back(column);
  for (std::string const& column : there.columns)
    if (!has(here.columns, column)) shape.only_there.push_back(column);
  // One that only one side has still tells rows apart; what it forbids there may have happened on the other.
  for (ParityTable const* table : {&here, &there})
    for (auto const& key : table->keys)
      if (shape.key.empty() &&
          std::all_of(key.begin(), key.end(), [&](auto const& column) { return has(shape.columns, column); }))
        shape.key = key;
  return shape;
}

std::int64_t buckets_for(std::int64_t rows) {
  if (rows <= rows_sorted_at_once) return 0;
  std::int64_t count = fewest_buckets;
  while (count < most_buckets && count * rows_of_a_bucket < rows) count *= 2;
  return count;
}

std::string bucket_select(RowShape const& shape, std::int64_t buckets) {
  std::string const hash = row_hash(shape.row_text());
  std::string const inner = shape.key.empty() ? hash + " as hash, null as key"
                                              : hash + " as hash, " + row_hash(shape.key_text()) + " as key";
  return fmt::format(
      "select ({} & {}) as bucket, pg_catalog.count(*) as rows, pg_catalog.sum(q.hash)::text as "
      "sum from (select {}",
      shape.key.empty() ? "q.hash" : "q.key", buckets - 1, inner);
}

MergedRows merge_rows(std::string const& sql_here, Session& here, std::string const& sql_there,
                      Session& there, std::size_t first, DifferingKeys const* only,
                      std::stop_token const& stop) {
  MergedRows merged;
  Groups left{here, sql_here, stop}, right{there, sql_there, stop};
  Runs a, b;
  while (left.some() || right.some()) {
    a.all.clear();
    b.all.clear();
    bool const take_left = left.some() && (!right.some() || left.key() <= right.key());
    std::int64_t const key = take_left ? left.key() : right.key();
    if (take_left) left.take(a);
    if (right.some() && right.key() == key) right.take(b);
    Leftover const rest = leftover(a, b);
    if (rest.here == 0 && rest.there == 0) continue;
    if (only && only->count(key) == 0) continue;
    merged.differing += std::max(rest.here, rest.there);
    if (merged.keys.size() < kept_keys)
      merged.keys[key] = rest.signature;
    else
      merged.all_kept = false;
    if (merged.first.size() < first)
      merged.first.push_back(
          {what_of(rest, a.times(), b.times()), a.times(), b.times(), rest.first_here, rest.first_there});
  }
  return merged;
}

RowsCompared compare_rows(RowShape const& shape, Buckets const& buckets, Session& here, Session& there,
                          std::size_t show, DifferingKeys const* only, std::stop_token const& stop) {
  MergedRows merged = merge_rows(hashes_sql(shape, *shape.here, buckets), here,
                                 hashes_sql(shape, *shape.there, buckets), there, show, only, stop);
  RowsCompared compared{merged.differing, {}, std::move(merged.keys), merged.all_kept};
  std::vector<std::string> places_here, places_there;
  for (DifferingRow const& row : merged.first) {
    if (row.here.times > 0) places_here.push_back(row.here.place);
    if (row.there.times > 0) places_there.push_back(row.there.place);
  }
  auto const rows_here = fetch(shape, *shape.here, here, places_here),
             rows_there = fetch(shape, *shape.there, there, places_there);
  auto find = [](auto const& rows, RowRun const& run) -> FetchedRow const* {
    auto const found = rows.find(run.place);
    return run.times == 0 || found == rows.end() ? nullptr : &found->second;
  };
  for (DifferingRow const& row : merged.first)
    compared.shown.push_back(shown(shape, row, find(rows_here, row.here), find(rows_there, row.there)));
  std::stable_sort(compared.shown.begin(), compared.shown.end(),
                   [](RowDifference const& a, RowDifference const& b) {
                     return std::pair{a.key.size(), a.key} < std::pair{b.key.size(), b.key};
                   });
  return compared;
}

}  // namespace fleet
