#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

struct Column {
  std::string name;
  std::uint32_t type = 25;  // PostgreSQL type OID; 25 = text
};

// PostgreSQL type OIDs that decide how a value is printed or handed to Lua.
namespace type_oid {
inline constexpr std::uint32_t boolean = 16, bytea = 17, int8 = 20, int2 = 21, int4 = 23, text = 25, oid = 26,
                               json = 114, float4 = 700, float8 = 701, numeric = 1700, jsonb = 3802;
}

// Rows in PostgreSQL's text format, kept in one buffer. NULL is nullopt, never the empty string.
class Result {
 public:
  Result() = default;
  explicit Result(std::vector<Column> columns) : columns_(std::move(columns)) {}

  std::vector<Column> const& columns() const { return columns_; }
  std::size_t rows() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  bool empty() const { return rows() == 0; }

  // Precondition: row < rows(), column < columns().size(). The view lives as long as the Result is unchanged.
  std::optional<std::string_view> at(std::size_t row, std::size_t column) const;
  // By name; throws Error{usage} listing the columns when there is none of that name.
  std::optional<std::string_view> at(std::size_t row, std::string_view column) const;
  // The cell as text, "" for NULL.
  std::string text(std::size_t row, std::string_view column) const;
  // First cell of the first row, nullopt when there is no row.
  std::optional<std::string> value() const;
  std::optional<std::size_t> find_column(std::string_view name) const;

  // Appends the next cell; a row is complete after columns().size() of them.
  void append(std::optional<std::string_view> cell);

  std::string command;         // command tag: "SELECT 3", "INSERT 0 1"
  std::uint64_t affected = 0;  // rows inserted, updated or deleted, when the tag says so

 private:
  struct Cell {
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    bool null = true;
  };
  std::vector<Column> columns_;
  std::vector<Cell> cells_;
  std::string bytes_;
};

}  // namespace fleet
