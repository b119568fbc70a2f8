#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/backup.hpp"
#include "fleet/error.hpp"
#include "fleet/file_descriptor.hpp"
#include "fleet/process.hpp"

namespace fleet {

// Encrypted archives are age files (https://age-encryption.org/v1) made and opened by the program `age`:
// `age -d -i KEY acme-….dump.age | pg_restore …` needs nothing of ours.

// Recipients as written on a command line: age1…, ssh-ed25519 …, ssh-rsa …, or the path of a file with one a
// line. Gives the keys themselves. Error{usage} for one that age does not take, Error{not_found} for a file,
// Error{tool} without the program.
std::vector<std::string> age_recipients(std::vector<std::string> const& given, std::stop_token stop = {});

// The command that encrypts what stands in `from` to `to`.
Command age_encryption(std::vector<std::string> const& recipients, std::string const& from,
                       std::filesystem::path const& to);

// What age said when it failed, as Error{tool}.
Error age_error(CommandResult const& result, std::string const& what);

// An archive as pg_restore reads it. One that is not encrypted is itself; an encrypted one is decrypted into
// a place that nobody else may open and that is gone at the end of this object (in the custom format also
// when we are killed: the file has no name).
class PlainArchive {
 public:
  // Error{refused} in one line without an identity or with one that does not open it, before anything is
  // written; Error{failed} when the archive is damaged; Error{tool} without age; Error{io}, interrupted.
  PlainArchive(std::filesystem::path archive, Manifest const& manifest,
               std::filesystem::path const& identity_file, DumpMeans const& means);
  PlainArchive(std::filesystem::path archive, Manifest const& manifest,
               std::filesystem::path const& identity_file, std::stop_token stop);
  ~PlainArchive();
  PlainArchive(PlainArchive const&) = delete;
  PlainArchive& operator=(PlainArchive const&) = delete;

  // A file in the custom format, a folder in the directory format.
  std::filesystem::path const& path() const { return path_; }

 private:
  void unseal_file(Command age, std::stop_token const& stop);
  void unseal_folder(Command age, std::stop_token const& stop);

  std::filesystem::path path_, folder_;  // folder_: to be removed
  FileDescriptor file_;                  // of the file without a name
};

}  // namespace fleet
