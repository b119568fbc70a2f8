#include "fleet/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "fleet/child.hpp"
#include "fleet/error.hpp"

namespace fleet {
namespace {

using Milliseconds = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr Milliseconds interruption_poll{100};
constexpr Milliseconds end_poll{10};  // on kernels without pidfd
constexpr std::chrono::seconds patience_after_sigterm{5};

// Turns a write to a program that no longer reads into EPIPE without touching the process's SIGPIPE action.
class SigpipeHeld {
 public:
  SigpipeHeld() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeHeld() {
    timespec const at_once{};
    if (::sigismember(&before_, SIGPIPE) == 0) {
      while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeHeld(SigpipeHeld const&) = delete;
  SigpipeHeld& operator=(SigpipeHeld const&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

// Takes what is there, 4 MiB at most so that a Ctrl-C is seen; closes the end at end of file. True when
// there may be more.
template <typename Take>
bool drain(FileDescriptor& end, Take const& take) {
  std::array<char, 65536> buffer;
  for (int reads = 0; end && reads < 64; ++reads) {
    ssize_t got = ::read(end.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take(std::string_view{buffer.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      end.reset();
    } else if (errno == EAGAIN) {
      return false;
    }
  }
  return static_cast<bool>(end);
}

void feed(FileDescriptor& end, std::string_view& rest) {
  while (end && !rest.empty()) {
    ssize_t put = ::write(end.get(), rest.data(), rest.size());
    if (put >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      end.reset();  // it does not want the rest
    }
  }
  end.reset();
}

void wait_for_event(Child const& child, Milliseconds timeout) {
  std::array<pollfd, 4> events{{{child.input.get(), POLLOUT, 0},  // negative numbers are passed over by poll
                                {child.output.get(), POLLIN, 0},
                                {child.errors.get(), POLLIN, 0},
                                {child.ended.get(), POLLIN, 0}}};
  ::poll(events.data(), events.size(), static_cast<int>(timeout.count()));
}

// SIGTERM at the first request, SIGKILL when that was not enough.
class Interruption {
 public:
  explicit Interruption(std::function<bool()> const& asked) : asked_(asked) {}

  bool requested() const { return requested_; }
  void check(Child const& child) {
    if (!requested_) {
      if (!asked_ || !asked_()) return;
      requested_ = true;
      deadline_ = SteadyClock::now() + patience_after_sigterm;
      child.signal(SIGTERM);
    } else if (SteadyClock::now() > deadline_) {
      child.signal(SIGKILL);
    }
  }

 private:
  std::function<bool()> const& asked_;
  bool requested_ = false;
  SteadyClock::time_point deadline_;
};

std::string shell_quoted(std::string const& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return quoted + "'";
}

std::string last_line(std::string const& text) {
  std::istringstream lines{text};
  std::string last;
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  return last;
}

}  // namespace

std::string Command::text() const {
  std::string text;
  for (std::string const& word : argv) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
}

CommandResult run(Command const& command, std::function<bool()> const& interrupted) {
  auto started = SteadyClock::now();
  SigpipeHeld sigpipe_held;
  Child child = Child::start(command);
  Interruption interruption{interrupted};
  Milliseconds timeout = interrupted ? interruption_poll : Milliseconds{60'000};
  if (!child.ended) timeout = end_poll;

  CommandResult result;
  auto take_output = [&](std::string_view piece) {
    if (command.sink)
      command.sink(piece);
    else
      result.output += piece;
  };
  auto take_errors = [&](std::string_view piece) { result.errors += piece; };
  std::string_view rest = command.input;
  std::optional<int> exit_code;
  while (!exit_code) {
    wait_for_event(child, timeout);
    feed(child.input, rest);
    drain(child.output, take_output);
    drain(child.errors, take_errors);
    exit_code = child.reap();
    if (!exit_code) interruption.check(child);
  }
  // What it wrote last; a grandchild that holds the pipe open is not waited for.
  while (drain(child.output, take_output)) {
  }
  while (drain(child.errors, take_errors)) {
  }

  // A Ctrl-C at the terminal reaches the program before we are asked.
  bool died_of_interrupt = *exit_code == 128 + SIGINT && interrupted && interrupted();
  if (interruption.requested() || died_of_interrupt)
    throw Error{ErrorKind::interrupted, command.argv[0] + " was interrupted"};
  result.exit_code = *exit_code;
  result.elapsed = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - started);
  return result;
}

CommandResult run_checked(Command const& command, std::function<bool()> const& interrupted) {
  CommandResult result = run(command, interrupted);
  if (result.exit_code == 0) return result;
  std::string name = std::filesystem::path{command.argv[0]}.filename().string();
  std::string how = result.exit_code > 128 ? "signal " + std::to_string(result.exit_code - 128)
                                           : "exit status " + std::to_string(result.exit_code);
  std::string why = last_line(result.errors);
  throw Error{ErrorKind::tool, name + " failed (" + how + ")" + (why.empty() ? "" : ": " + why)};
}

ProcessIdentity spawn(Command const& command) {
  int pid = Child::start_orphan(command);
  return find_process(pid).value_or(ProcessIdentity{.pid = pid, .start_time = "ended"});
}

ProcessIdentity this_process() { return find_process(::getpid()).value_or(ProcessIdentity{::getpid(), ""}); }

std::optional<ProcessIdentity> find_process(int pid) {
  if (pid <= 0) return std::nullopt;
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  // "PID (NAME) STATE …": the name may hold anything, so count from its last parenthesis; start time is
  // field 22.
  auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields{text.substr(name_end + 1)};
  std::string state;
  std::string field;
  fields >> state;
  if (state == "Z" || state == "X" || state == "x") return std::nullopt;
  for (int number = 4; number <= 22; ++number) fields >> field;
  return ProcessIdentity{.pid = pid, .start_time = field};
}

bool is_alive(ProcessIdentity const& process) {
  auto found = find_process(process.pid);
  return found && (process.start_time.empty() || found->start_time == process.start_time);
}

}  // namespace fleet
