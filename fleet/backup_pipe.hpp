#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "fleet/file_descriptor.hpp"
#include "fleet/process.hpp"

namespace fleet {

// A program that reads what we write, as a file with a path of its own: pg_restore checks an archive that
// pg_dump has not yet finished, age encrypts one that never lies plain on a disk. The path is that of a pipe
// of ours, so no program finds it closed before it has opened it.
class FedProgram {
 public:
  // `command` makes the command line from the path that is to be read; `stop` ends the program.
  FedProgram(std::function<Command(std::string const& path)> const& command, std::stop_token stop);
  // Ends it when finish() was not reached.
  ~FedProgram();
  FedProgram(FedProgram const&) = delete;
  FedProgram& operator=(FedProgram const&) = delete;

  // Waits while the program is busy. What comes after the program's end is dropped: finish() tells how it
  // ended. Error{interrupted} when it is to stop.
  void write(std::string_view piece);
  bool ended() const { return ended_; }
  // No more comes. Waits for the program's end; throws what run() threw.
  CommandResult finish();

 private:
  FileDescriptor read_, write_;
  std::stop_source end_;
  std::atomic<bool> ended_ = false;
  std::optional<CommandResult> result_;
  std::exception_ptr failure_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread runner_;  // last: it uses the others
};

// Hands a file that grows to `take`, piece by piece, from its beginning until `complete` says that nobody
// writes any more and its end is reached.
void follow_file(std::filesystem::path const& path, std::function<bool()> const& complete,
                 std::function<void(std::string_view)> const& take);

}  // namespace fleet
