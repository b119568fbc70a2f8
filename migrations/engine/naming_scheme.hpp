#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/migration.hpp"

namespace migrations {

// How the files of a folder are named and laid out, as its newest ones show it, so that a new one looks the
// same.
struct NamingScheme {
  enum class Numbers {
    sequence,   // 061_title
    timestamp,  // 20260427150000_title, UTC
    epoch_ms,   // 1777302000000_title
    yearly,     // 2026_2_50_1: year, the team's own number, sequence, revision; no title
    flyway,     // V62__title
  } numbers = Numbers::sequence;
  enum class Layout {
    beside,  // 061_title.sql and 061_title.down.sql
    pair,    // 61_title.up.sql and 61_title.down.sql
    undo,    // V62__title.sql and U62__title.sql
    dbmate,  // -- migrate:up, -- migrate:down in one file
    goose,   // -- +goose Up, -- +goose Down in one file
    folder,  // 20260427150000_title/migration.sql and down.sql
  } layout = Layout::beside;
  std::size_t width = 3;       // digits of a sequence at least
  char separator = '_';        // before the title
  char way = '.';              // before "up" and "down"
  bool scoped = false;         // files say `-- ===== TENANT MIGRATIONS =====`
  bool schema_placed = false;  // files say {schema_name}
};

// One migration that exists: its name without a folder ("archive/" does not matter), and its text if it was
// read.
struct NamedText {
  std::string name;
  std::string text;
  bool folder = false;
};
// `files` in any order; none gives the default.
NamingScheme naming_scheme(std::vector<NamedText> const& files);

// The stem of the `ahead`-th new migration after `names`, archived ones among them: "062_add_note". Numbers
// are compared as numbers; a timestamp is now, or one more than the highest where that is later.
std::string next_stem(NamingScheme const& scheme, std::vector<std::string> const& names,
                      std::string const& title, std::chrono::system_clock::time_point now, int ahead = 0);

// "Add Note!" → "add_note", as a title of this scheme. Error{usage} when nothing is left of it.
std::string title_of(std::string_view text, NamingScheme const& scheme);

}  // namespace migrations
