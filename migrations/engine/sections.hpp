#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/migration.hpp"

namespace migrations {

// The parts of a file that says for whom and in which direction they are. Marks are comment lines:
//   -- ===== PLATFORM MIGRATIONS =====     (or MASTER)      -- ===== TENANT MIGRATIONS =====
//   -- migrate:up [transaction:false]                       -- migrate:down [transaction:false]     (dbmate)
//   -- +goose Up      -- +goose Down      -- +goose NO TRANSACTION     (StatementBegin and End mean nothing
//                                                                       to a parser)
struct Section {
  std::optional<Scope> scope;  // nothing: of whichever scope the set is
  Direction direction = Direction::up;
  bool no_transaction = false;
  std::size_t begin = 0, end = 0;  // bytes, without the mark
};

struct Sections {
  // In the order of the file; one of the whole text when there is no mark.
  std::vector<Section> parts;
  // Above the first mark: comments that speak for all parts.
  std::size_t preamble_end = 0;
  bool marked = false;  // there is a mark
  bool scoped = false;  // there is a PLATFORM or TENANT mark

  struct Mistake {
    int line = 0;
    std::string message;  // without file and line
    std::string hint;
  };
  std::vector<Mistake> mistakes;
};

Sections read_sections(std::string_view text);

}  // namespace migrations
