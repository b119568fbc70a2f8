#include "fleet/streamed_rows.hpp"

#include <utility>

namespace fleet {
namespace {

constexpr std::size_t piece = 64 * 1024;  // bytes of text that a tenant hands over at once

}  // namespace

StreamedRows::StreamedRows(StreamTarget target, Secrets const& secrets, std::vector<Tenant> const& tenants)
    : target_(target), secrets_(secrets), tenants_(tenants), places_(tenants.size()) {}

void StreamedRows::Part::columns(std::vector<Column> const& columns) {
  Shape shape = shape_of(columns);
  bool const named = all_.target_.tenant_column == TenantColumn::yes;
  columns_ = named ? merged_columns(shape) : printed_columns(shape);
  if (named) tenant_ = all_.tenants_[index_].slug;
  std::lock_guard const lock{all_.mutex_};
  Place& place = all_.places_[index_];
  place.columns = columns_;
  place.shape = std::move(shape);
  place.known = true;
  if (all_.may_write(index_)) all_.begin(place, index_);
  if (place.refused) throw Error{*place.refused};
}

void StreamedRows::Part::row(std::vector<std::optional<std::string_view>> const& cells) {
  all_.target_.format.append(text_, columns_, tenant_, cells);
  ++rows_;
  if (text_.size() >= piece) hand_over();
}

void StreamedRows::Part::finish() {
  if (rows_ > 0) hand_over();
}

void StreamedRows::Part::hand_over() {
  std::string text = all_.secrets_.redact(std::exchange(text_, {}));
  text_.reserve(piece + piece / 8);
  auto const rows = std::exchange(rows_, 0);
  std::lock_guard const lock{all_.mutex_};
  Place& place = all_.places_[index_];
  if (place.refused) throw Error{*place.refused};
  if (!all_.may_write(index_)) {
    all_.keep(place, std::move(text));
    place.rows_waiting += rows;
    return;
  }
  all_.write(text);
  place.rows_written += rows;
}

void StreamedRows::begin(Place& place, std::size_t index) {
  if (!shape_) {
    shape_ = place.shape;
    write(target_.format.header(place.columns));
  } else if (place.shape != *shape_) {
    place.refused = differing(tenants_[index], place.shape, *shape_);
    forget_waiting(place);
  }
}

void StreamedRows::write(std::string_view text) {
  if (failure_) std::rethrow_exception(failure_);
  try {
    if (!text.empty()) target_.sink.write(text);
  } catch (std::exception const&) {
    failure_ = std::current_exception();
    broken_.request_stop();
    throw;
  }
}

void StreamedRows::keep(Place& place, std::string text) {
  if (failure_) std::rethrow_exception(failure_);
  place.in_memory += text;
  in_memory_ += text.size();
  if (in_memory_ <= target_.memory) return;
  place.in_file.push_back({file_.append(place.in_memory), place.in_memory.size()});
  in_memory_ -= place.in_memory.size();
  place.in_memory = {};
}

void StreamedRows::forget_waiting(Place& place) {
  in_memory_ -= place.in_memory.size();
  place.in_memory = {};
  place.in_file.clear();
  place.rows_waiting = 0;
}

void StreamedRows::write_waiting(Place& place, std::size_t index) {
  if (!place.known) return;
  begin(place, index);
  if (place.refused) return;
  for (Waiting const& text : place.in_file) file_.copy_to(target_.sink, text.from, text.length);
  write(place.in_memory);
  place.rows_written += place.rows_waiting;
  forget_waiting(place);
}

void StreamedRows::end(std::size_t index, bool well) {
  std::lock_guard const lock{mutex_};
  Place& ended = places_[index];
  ended.ended = true;
  if (!well && ended.rows_written == 0) {
    forget_waiting(ended);
    ended.known = false;
  }
  if (target_.order == RowOrder::arrival) return;
  try {
    while (turn_ < places_.size() && places_[turn_].ended) {
      if (++turn_ < places_.size()) write_waiting(places_[turn_], turn_);
    }
  } catch (std::exception const&) {
    if (!failure_) failure_ = std::current_exception();
    broken_.request_stop();
  }
}

void StreamedRows::close() {
  std::lock_guard const lock{mutex_};
  if (!failure_ && !shape_)
    write(target_.tenant_column == TenantColumn::yes ? target_.format.header(merged_columns({}))
                                                     : std::string{});
  if (failure_) std::rethrow_exception(failure_);
}

std::uint64_t StreamedRows::written(std::size_t index) const {
  std::lock_guard const lock{mutex_};
  return places_[index].rows_written;
}

std::optional<Error> StreamedRows::refused(std::size_t index) const {
  std::lock_guard const lock{mutex_};
  return places_[index].refused;
}

}  // namespace fleet
