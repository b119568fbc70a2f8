#pragma once

#include <filesystem>
#include <string>
#include <vector>

// A transcript: commands and what they print, run by bash with `tenantsh` first on PATH.
//
//   #: cluster none|sandbox       header; sandbox: TENANTSH_HOME is that of the sandbox this run shares
//   # a comment
//   $ tenantsh -e 1               a command; lines that start with "> " continue it (a here-document, say)
//   1                             what it prints, standard output and standard error as they come
//   [exit 2]                      its exit status, when that is not 0
//
// In expected output `<…>` stands for any text inside one line, a line `...` for any number of lines. The
// session's own folder is printed as /session. Empty lines between the output and the next comment or command
// are not compared.
namespace sessions {

struct Entry {
  std::vector<std::string> before;    // comments and empty lines above it, as they stand
  std::string command;                // continuation lines joined by \n
  std::vector<std::string> expected;  // without [exit N]
  std::vector<std::string> after;     // empty lines below, not compared
  int exit_status = 0;
};

struct Session {
  std::filesystem::path file;
  bool sandbox = false;
  std::vector<Entry> entries;
  std::vector<std::string> trailing;  // comments behind the last entry
};

struct Observed {
  std::vector<std::string> output;
  int exit_status = 0;
};

Session read_session(std::filesystem::path const& file);  // std::runtime_error with file:line
void write_session(Session const& session);
bool matches(Entry const& entry, Observed const& observed);
// "- expected" and "+ observed" lines around what both have.
std::string difference(Entry const& entry, Observed const& observed);

}  // namespace sessions
