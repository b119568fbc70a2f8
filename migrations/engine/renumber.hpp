#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/file_name.hpp"
#include "migrations/engine/migration.hpp"

namespace migrations {

// A migration of a folder as far as its number goes.
struct NumberedStem {
  std::string stem;  // "010_add_note"
  Version version;
  std::vector<std::filesystem::path>
      files;                // relative to the folder: SQL, way back, program, Prisma's folder
  std::size_t applied = 0;  // targets whose ledger or history has it
};

struct NumberedFolder {
  std::vector<NumberedStem> stems;  // by version, then name; repeatable ones and misnamed files left out
  std::set<std::int64_t> archived;  // numbers that stay taken
};
// Error{not_found}, Error{io}.
NumberedFolder read_numbers(std::filesystem::path const& folder);

enum class Gaps { keep, close };

struct Renumbering {
  std::string from, to;  // stems
  std::string why;       // "has the same number as 010_add_note.sql", "makes room", "closes a gap"
};

// The fewest renames after which no number is there twice and every file stands where it stood among the
// others, in the order of the files. Of those that share a number the one applied in more targets is first.
// One that no target has while a later file is applied somewhere gets a number at the end: nothing can depend
// on it, and it would be out of order anywhere else. Error{refused} for what only a person can solve: one
// stem twice, versions of several parts.
std::vector<Renumbering> plan_renumbering(NumberedFolder const& folder, Gaps gaps);

// A renumbering under way: `.renumber.json` in the set's folder, written before anything is renamed and
// removed after the last file. It is finished by the next run; meanwhile the folder is no set.
//   {"version": 1, "id": "…", "phase": "ledgers" | "out" | "in", "scope": "tenant", "targets": ["acme", …],
//    "stems": [{"from", "to"}], "files": [{"from", "to", "text"}], "digests": [{"name", "before", "after"}]}
struct RenumberJournal {
  enum class Phase {
    ledgers,  // targets are renamed one by one, each in its own transaction
    out,      // files go to .renumber/N
    in,       // and from there to their new names
  } phase = Phase::ledgers;
  struct File {
    std::filesystem::path from, to;
    std::optional<std::string> text;  // of a program that names renamed files: its new text
  };
  struct Digest {
    std::string name, before, after;  // of such a program, under its new name
  };
  std::string id;
  Scope scope = Scope::tenant;
  std::vector<std::string> targets;
  std::vector<Renumbering> stems;
  std::vector<File> files;
  std::vector<Digest> digests;
};

RenumberJournal make_journal(std::filesystem::path const& folder, NumberedFolder const& numbers,
                             std::vector<Renumbering> stems, fleet::Driver const& driver);
// Nothing when none lies there; Error{config} for one that cannot be read.
std::optional<RenumberJournal> read_journal(std::filesystem::path const& folder);
// Durable when it returns.
void write_journal(std::filesystem::path const& folder, RenumberJournal const& journal);

// Renames the rows of the ledger, and of the histories that other tools keep by name, in one transaction;
// nothing when that was done already. Returns the number of rows. Precondition: the target's Lock is held.
std::size_t renumber_target(fleet::Session& session, Target const& target, RenumberJournal const& journal);
// What a target has: file names and stems, of the ledger and of those histories. Error{refused} when one of
// them may not be written.
std::set<std::string> applied_names(fleet::Session& session, Target const& target);

// The files, then the journal goes. Safe to run again after any stop.
void renumber_files(std::filesystem::path const& folder, RenumberJournal& journal);

}  // namespace migrations
