#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// Where a file stands in its set: compared part by part as numbers, so that 9 < 10 < 48 and 1.2 < 1.10.
struct Version {
  std::vector<std::int64_t> parts;

  bool empty() const { return parts.empty(); }
  std::string text() const;  // "55", "2026_2_49_1"
  friend bool operator==(Version const&, Version const&) = default;
  friend auto operator<=>(Version const&, Version const&) = default;
};

enum class Direction { up, down };
// program: run by the tool that it was written for, not by PostgreSQL.
enum class Language { sql, program };

// What the name of a file, or of Prisma's folder, says:
//   name    := stem [way] extension             Prisma: stem alone
//   stem    := number ("_" | "-") title         055_add_table, 20240101120000-add-table (knex, Sequelize,
//                                               dbmate, Rails, goose, golang-migrate, node-pg-migrate)
//            | year "_" n "_" seq "_" rev       2026_2_49_1
//            | ("V" | "U") version "__" title   Flyway: V1.2__add_table; U is V's way back
//            | "R__" title                      Flyway: again whenever it changed, after all others
//   version := number {("." | "_") number}
//   way     := ".up" | ".down" | "-up" | "-down"
struct FileName {
  Version version;
  std::string title;
  std::string stem;  // files of one stem belong together: the way up, the way down, the program around them
  Direction direction = Direction::up;
  Language language = Language::sql;
  bool repeatable = false;
};

// Nothing for a name of another form.
std::optional<FileName> parse_file_name(std::string_view name);
// Prisma's folder: "20240101120000_add_table".
std::optional<FileName> parse_folder_name(std::string_view name);

// The version in any of these names; empty, which is before every other, for a name of another form.
Version version_of(std::string_view name);

// Extensions of programs: ".js", ".ts", …
bool is_program(std::string_view name);

}  // namespace migrations
