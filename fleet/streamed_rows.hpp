#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/secret.hpp"
#include "fleet/session.hpp"
#include "fleet/shape.hpp"
#include "fleet/spill_file.hpp"

namespace fleet {

// How rows become text. Used by several threads at once.
class RowFormat {
 public:
  virtual ~RowFormat() = default;
  // What stands above the rows, once; may be empty.
  virtual std::string header(std::vector<Column> const& columns) const = 0;
  // One row below `columns`: `tenant`, when it is their first one, then `cells`.
  virtual void append(std::string& text, std::vector<Column> const& columns,
                      std::optional<std::string_view> tenant,
                      std::vector<std::optional<std::string_view>> const& cells) const = 0;
};

enum class RowOrder {
  tenants,  // as the tenants stand in the request
  arrival,  // a piece of one tenant's rows as soon as there is one
};

enum class TenantColumn { no, yes };

struct StreamTarget {
  CopySink& sink;  // called by one thread at a time
  RowFormat const& format;
  TenantColumn tenant_column = TenantColumn::yes;
  RowOrder order = RowOrder::tenants;
  std::size_t memory = std::size_t{8} << 20;  // bytes of text that may wait, of all tenants together
};

// The rows of many tenants on their way into one sink, as they come, in constant memory. Text that must wait
// for that of an earlier tenant waits in memory up to a bound, then in a file: no tenant's statement waits
// for another's. The columns are those of the first tenant that is written; one that has others fails and
// gives no rows. A tenant that fails before anything of it was written gives none either. Thread-safe.
class StreamedRows {
 public:
  StreamedRows(StreamTarget target, Secrets const& secrets, std::vector<Tenant> const& tenants);
  StreamedRows(StreamedRows const&) = delete;
  StreamedRows& operator=(StreamedRows const&) = delete;

  // Where the rows of tenant `index` go; one thread at a time. It throws, and so ends the statement, when the
  // columns are others than those written before or when the target's sink threw.
  class Part final : public RowSink {
   public:
    Part(StreamedRows& all, std::size_t index) : all_(all), index_(index) {}
    void columns(std::vector<Column> const& columns) override;
    void row(std::vector<std::optional<std::string_view>> const& cells) override;
    void finish();  // after the last row
    bool begun() const { return !columns_.empty(); }

   private:
    void hand_over();
    StreamedRows& all_;
    std::size_t index_;
    std::vector<Column> columns_;
    std::optional<std::string_view> tenant_;
    std::string text_;
    std::uint64_t rows_ = 0;
  };

  // Nothing more comes of this tenant; `well`: all of it came.
  void end(std::size_t index, bool well);
  // After all have ended: writes the header if no tenant did, and throws what the sink threw.
  void close();

  std::uint64_t written(std::size_t index) const;                 // rows of the tenant that reached the sink
  std::optional<Error> refused(std::size_t index) const;          // why its rows were left out
  std::stop_token broken() const { return broken_.get_token(); }  // the sink threw: asking on is of no use

 private:
  struct Waiting {
    std::uint64_t from, length;
  };
  struct Place {
    std::vector<Column> columns;
    Shape shape;
    std::vector<Waiting> in_file;  // before `in_memory`
    std::string in_memory;
    std::uint64_t rows_waiting = 0, rows_written = 0;
    bool known = false, ended = false;
    std::optional<Error> refused;
  };

  // All with mutex_ held.
  bool may_write(std::size_t index) const { return target_.order == RowOrder::arrival || index == turn_; }
  void begin(Place& place, std::size_t index);  // the header, or the refusal
  void write(std::string_view text);
  void write_waiting(Place& place, std::size_t index);
  void keep(Place& place, std::string text);
  void forget_waiting(Place& place);

  StreamTarget target_;
  Secrets const& secrets_;
  std::vector<Tenant> const& tenants_;
  mutable std::mutex mutex_;
  std::vector<Place> places_;
  std::optional<Shape> shape_;  // what the header says
  std::size_t turn_ = 0;        // whose text may be written
  std::size_t in_memory_ = 0;   // bytes that wait there
  SpillFile file_;
  std::exception_ptr failure_;
  std::stop_source broken_;
};

}  // namespace fleet
