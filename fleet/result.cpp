#include "fleet/result.hpp"

#include "fleet/error.hpp"

namespace fleet {

std::optional<std::string_view> Result::at(std::size_t row, std::size_t column) const {
  Cell const& cell = cells_[row * columns_.size() + column];
  if (cell.null) return std::nullopt;
  return std::string_view{bytes_}.substr(cell.offset, cell.length);
}

std::optional<std::string_view> Result::at(std::size_t row, std::string_view column) const {
  if (auto index = find_column(column)) return at(row, *index);
  std::string names;
  for (Column const& known : columns_) names += (names.empty() ? "" : ", ") + known.name;
  throw Error{ErrorKind::usage, "no column \"" + std::string{column} + "\"; there are: " + names};
}

std::string Result::text(std::size_t row, std::string_view column) const {
  auto cell = at(row, column);
  return cell ? std::string{*cell} : std::string{};
}

std::optional<std::string> Result::value() const {
  if (empty()) return std::nullopt;
  auto cell = at(0, std::size_t{0});
  return cell ? std::optional<std::string>{*cell} : std::nullopt;
}

std::optional<std::size_t> Result::find_column(std::string_view name) const {
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].name == name) return i;
  return std::nullopt;
}

void Result::append(std::optional<std::string_view> cell) {
  if (!cell) {
    cells_.push_back({});
    return;
  }
  cells_.push_back({bytes_.size(), static_cast<std::uint32_t>(cell->size()), false});
  bytes_ += *cell;
}

}  // namespace fleet
