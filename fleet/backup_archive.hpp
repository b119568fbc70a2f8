#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/backup_manifest.hpp"
#include "fleet/backup_pipe.hpp"
#include "fleet/session.hpp"

namespace fleet {

// What can be learnt from an archive without a server, with pg_restore.

// The rows of each COPY block in a script of pg_restore, by "schema.table". Fed piece by piece.
class CopyCounter {
 public:
  void read(std::string_view piece);
  std::map<std::string, std::int64_t> const& rows() const { return rows_; }

 private:
  void line(std::string_view text);

  std::map<std::string, std::int64_t> rows_;
  std::int64_t* current_ = nullptr;  // rows of the block that is being read
  std::string rest_;                 // begun line; of a row only what tells it from the end of its block
  std::string header_;               // begun COPY with a line break in a name
};

struct ArchiveTools {
  std::filesystem::path pg_restore;
  std::stop_token stop;
};

// What `pg_restore --list` lacks, or what is wrong with the end of the archive or its files; one problem a
// line, empty when every table of the manifest is there. A listing alone does not notice a truncated archive:
// it is read from the beginning only.
std::vector<std::string> listing_problems(std::filesystem::path const& archive, Manifest const& manifest,
                                          ArchiveTools const& tools);
// Reads the whole archive and compares the rows of each table with the manifest's.
std::vector<std::string> count_problems(std::filesystem::path const& archive, Manifest const& manifest,
                                        ArchiveTools const& tools);

// The same of an archive in the custom format that passes by, from its first byte to its last, while pg_dump
// still writes it: what never lies on a disk as it is can be checked too, and nothing is read twice.
class PassingArchive {
 public:
  enum class Listing { no, yes };
  enum class Counts { no, yes };
  PassingArchive(ArchiveTools const& tools, Listing listing, Counts counts);
  ~PassingArchive();
  PassingArchive(PassingArchive const&) = delete;
  PassingArchive& operator=(PassingArchive const&) = delete;

  // Waits while pg_restore is busy. Error{interrupted}.
  void write(std::string_view piece);
  // When all has passed: what is found wrong.
  void finish();
  std::vector<std::string> problems(Manifest const& manifest) const;

 private:
  CopyCounter counter_;
  std::string tail_;  // the last bytes that passed
  std::optional<CommandResult> listed_, read_;
  std::unique_ptr<FedProgram> list_, count_;
};

// As Manifest::sha256 says.
std::string archive_sha256(std::filesystem::path const& archive, Driver const& driver);

}  // namespace fleet
