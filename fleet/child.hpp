#pragma once

#include "fleet/file_descriptor.hpp"
#include "fleet/process.hpp"

namespace fleet {

// A program that was started and is not yet waited for, with our ends of its pipes (non-blocking,
// close-on-exec). Killed and waited for when it goes out of scope unreaped.
class Child {
 public:
  // Returns when the program has been entered; whatever fails before that is an Error here.
  static Child start(Command const& command);
  // As start, but not our child: adopted by init, output appended to command.output_file. Returns its pid.
  static int start_orphan(Command const& command);

  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  int pid() const { return pid_; }
  void signal(int number) const noexcept;
  // Exit code (128 + N for signal N) when it has ended, nullopt while it runs.
  std::optional<int> reap();

  FileDescriptor input;   // none when the command has no input
  FileDescriptor output;  // none when it goes to a file
  FileDescriptor errors;
  FileDescriptor ended;  // readable when it has ended; none on kernels without pidfd

 private:
  Child() = default;

  int pid_ = -1;
  bool own_session_ = false;
};

}  // namespace fleet
