#include "fleet/child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "fleet/error.hpp"

namespace fleet {
namespace {

// What the child was about to do when it failed.
enum class Stage : int { entered_session, streams, output_file, user, directory, exec };

// Sent through the status pipe, which closes by itself when exec succeeds.
struct Failure {
  Stage stage;
  int error;
};

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string home;
};

// Everything the child needs, made before fork: between fork and exec only async-signal-safe calls are
// allowed.
struct Launch {
  std::string program;
  std::vector<std::string> texts;  // owns what `environment` points to
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::optional<Identity> identity;
  char const* directory = nullptr;
  char const* output_file = nullptr;
  int output_flags = 0;
  bool own_session = false;
  bool orphan = false;
  int parent = 0;
  std::array<int, 3> streams{-1, -1, -1};  // -1: /dev/null for input, output_file for the others
  int status = -1;
};

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

// Ends have numbers above 2, so that dup2 onto 0, 1 and 2 never meets one of them.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error{ErrorKind::io, std::string{"cannot make a pipe: "} + std::strerror(errno)};
  Pipe pipe{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
  for (FileDescriptor* end : {&pipe.read, &pipe.write}) {
    if (end->get() > 2) continue;
    FileDescriptor moved{::fcntl(end->get(), F_DUPFD_CLOEXEC, 3)};
    if (!moved) throw Error{ErrorKind::io, std::string{"cannot make a pipe: "} + std::strerror(errno)};
    *end = std::move(moved);
  }
  return pipe;
}

void set_nonblocking(FileDescriptor const& end) {
  ::fcntl(end.get(), F_SETFL, ::fcntl(end.get(), F_GETFL) | O_NONBLOCK);
}

std::optional<Identity> identity_of(Command const& command) {
  if (command.run_as.empty()) return std::nullopt;
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(command.run_as.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr)
    throw Error{ErrorKind::tool,
                "cannot run " + command.argv[0] + ": there is no user \"" + command.run_as + "\""};
  if (entry.pw_uid == ::geteuid()) return std::nullopt;
  if (::geteuid() != 0)
    throw Error{ErrorKind::tool,
                "cannot run " + command.argv[0] + " as user " + command.run_as + ": only root can"};
  Identity identity{.uid = entry.pw_uid, .gid = entry.pw_gid, .groups = {}, .home = entry.pw_dir};
  int count = 32;
  identity.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(entry.pw_name, entry.pw_gid, identity.groups.data(), &count) < 0) {
    identity.groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(entry.pw_name, entry.pw_gid, identity.groups.data(), &count);
  }
  identity.groups.resize(static_cast<std::size_t>(count));
  return identity;
}

bool left_out(std::vector<std::string> const& without, std::string_view variable) {
  std::string_view name = variable.substr(0, variable.find('='));
  for (std::string_view pattern : without) {
    if (pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern)
      return true;
  }
  return false;
}

void fill_environment(Launch& launch, Command const& command) {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    std::string_view text{*variable};
    std::string name{text.substr(0, text.find('='))};
    if (command.environment.contains(name) || left_out(command.without, text)) continue;
    if (launch.identity && name == "HOME") continue;
    launch.texts.emplace_back(text);
  }
  if (launch.identity && !command.environment.contains("HOME"))
    launch.texts.push_back("HOME=" + launch.identity->home);
  for (auto const& [name, value] : command.environment) {
    std::string& text = launch.texts.emplace_back(name);
    text.append("=").append(value);
  }
  for (std::string& text : launch.texts) launch.environment.push_back(text.data());
  launch.environment.push_back(nullptr);
}

Launch prepare(Command const& command) {
  if (command.argv.empty() || command.argv[0].empty())
    throw Error{ErrorKind::tool, "cannot run a command without a program"};
  Launch launch;
  auto program = find_program(command.argv[0]);
  if (!program && command.argv[0].find('/') == std::string::npos)
    throw Error{ErrorKind::tool, "cannot run " + command.argv[0] + ": it is not on PATH"};
  launch.program = program ? program->string() : command.argv[0];  // exec says what is wrong with a path
  for (std::string const& argument : command.argv) launch.argv.push_back(const_cast<char*>(argument.c_str()));
  launch.argv.push_back(nullptr);
  launch.identity = identity_of(command);
  fill_environment(launch, command);
  if (!command.directory.empty()) launch.directory = command.directory.c_str();
  if (!command.output_file.empty()) launch.output_file = command.output_file.c_str();
  launch.output_flags = O_TRUNC;
  launch.own_session = command.detached;
  launch.parent = ::getpid();
  return launch;
}

// From here to enter(): in the child.
// -------------------------------------------------------------------------

[[noreturn]] void fail(Launch const& launch, Stage stage) {
  Failure failure{stage, errno};
  [[maybe_unused]] auto written = ::write(launch.status, &failure, sizeof failure);
  ::_exit(127);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && number != SIGPIPE)) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Raw system calls: glibc's wrappers speak to the other threads, of which the child has none.
void become(Launch const& launch) {
  Identity const& identity = *launch.identity;
  if (::syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) != 0 ||
      ::syscall(SYS_setresgid, identity.gid, identity.gid, identity.gid) != 0 ||
      ::syscall(SYS_setresuid, identity.uid, identity.uid, identity.uid) != 0)
    fail(launch, Stage::user);
}

int open_above_two(char const* path, int flags) {
  int number = ::open(path, flags | O_CLOEXEC, 0600);
  return number < 0 || number > 2 ? number : ::fcntl(number, F_DUPFD_CLOEXEC, 3);
}

[[noreturn]] void enter(Launch const& launch) {
  std::array<int, 3> streams = launch.streams;
  reset_signals();
  if (launch.own_session || launch.orphan) ::setsid();
  if (launch.orphan) {
    int pid = ::fork();
    if (pid < 0) fail(launch, Stage::streams);
    if (pid > 0) ::_exit(0);
    Failure entered{Stage::entered_session, static_cast<int>(::getpid())};
    if (::write(launch.status, &entered, sizeof entered) < 0) ::_exit(127);
  }
  if (launch.identity) become(launch);
  if (streams[0] < 0) streams[0] = open_above_two("/dev/null", O_RDONLY);
  if (launch.output_file != nullptr) {
    int file = open_above_two(launch.output_file, O_WRONLY | O_CREAT | launch.output_flags);
    if (file < 0) fail(launch, Stage::output_file);
    if (streams[1] < 0) streams[1] = file;
    if (streams[2] < 0) streams[2] = file;
  }
  for (int number = 0; number < 3; ++number)
    if (::dup2(streams[static_cast<std::size_t>(number)], number) < 0) fail(launch, Stage::streams);
  if (launch.directory != nullptr && ::chdir(launch.directory) != 0) fail(launch, Stage::directory);
  if (!launch.own_session && !launch.orphan) {
    // After become(): a change of user clears it. getppid: we may have died before the call.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != launch.parent) ::_exit(127);
  }
  // Nor does it get what whoever started us left open: a server would hold a CI's pipe for ever.
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.environment.data());
  fail(launch, Stage::exec);
}

// In the parent again.
// ----------------------------------------------------------------------------------------

[[noreturn]] void throw_failure(Launch const& launch, Command const& command, Failure const& failure) {
  std::string reason = std::strerror(failure.error);
  std::string what = "cannot run " + launch.program + ": ";
  switch (failure.stage) {
    case Stage::output_file:
      throw Error{ErrorKind::io, "cannot write " + command.output_file.string() + ": " + reason};
    case Stage::directory:
      throw Error{ErrorKind::tool, what + "cannot enter " + command.directory.string() + ": " + reason};
    case Stage::user:
      throw Error{ErrorKind::tool, what + "cannot become user " + command.run_as + ": " + reason};
    case Stage::entered_session:
    case Stage::streams:
    case Stage::exec: break;
  }
  throw Error{ErrorKind::tool, what + reason};
}

// Signals are held back over fork, so that none of our handlers runs in the child.
int fork_and_enter(Launch const& launch) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = ::fork();
  if (pid == 0) enter(launch);
  int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw Error{ErrorKind::tool, "cannot run " + launch.program + ": " + std::strerror(error)};
  return pid;
}

std::optional<Failure> read_status(FileDescriptor const& pipe) {
  Failure failure{};
  ssize_t got = 0;
  do got = ::read(pipe.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  return got == sizeof failure ? std::optional{failure} : std::nullopt;
}

void wait_for(int pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Child Child::start(Command const& command) {
  Launch launch = prepare(command);
  Pipe status = make_pipe();
  Pipe errors = make_pipe();
  Pipe input;
  Pipe output;
  if (!command.input.empty()) {
    input = make_pipe();
    launch.streams[0] = input.read.get();
    set_nonblocking(input.write);
  }
  if (command.output_file.empty()) {
    output = make_pipe();
    launch.streams[1] = output.write.get();
    set_nonblocking(output.read);
  }
  launch.streams[2] = errors.write.get();
  launch.status = status.write.get();
  set_nonblocking(errors.read);

  Child child;
  child.own_session_ = launch.own_session;
  child.pid_ = fork_and_enter(launch);
  child.ended = FileDescriptor{static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0))};
  status.write.reset();
  if (auto failure = read_status(status.read)) throw_failure(launch, command, *failure);
  child.input = std::move(input.write);
  child.output = std::move(output.read);
  child.errors = std::move(errors.read);
  return child;
}

int Child::start_orphan(Command const& command) {
  Launch launch = prepare(command);
  if (launch.output_file == nullptr) launch.output_file = "/dev/null";
  launch.output_flags = O_APPEND;
  launch.orphan = true;
  Pipe status = make_pipe();
  launch.status = status.write.get();
  wait_for(fork_and_enter(launch));
  status.write.reset();
  auto entered = read_status(status.read);
  if (!entered) throw Error{ErrorKind::tool, "cannot run " + launch.program + ": it did not start"};
  if (entered->stage != Stage::entered_session) throw_failure(launch, command, *entered);
  if (auto failure = read_status(status.read)) throw_failure(launch, command, *failure);
  return entered->error;
}

Child::Child(Child&& other) noexcept
    : input(std::move(other.input)),
      output(std::move(other.output)),
      errors(std::move(other.errors)),
      ended(std::move(other.ended)),
      pid_(std::exchange(other.pid_, -1)),
      own_session_(other.own_session_) {}

Child::~Child() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  wait_for(pid_);
}

void Child::signal(int number) const noexcept {
  if (pid_ > 0) ::kill(own_session_ ? -pid_ : pid_, number);
}

std::optional<int> Child::reap() {
  int status = 0;
  int got = 0;
  do got = ::waitpid(pid_, &status, WNOHANG);
  while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  pid_ = -1;
  if (got < 0)
    throw Error{ErrorKind::tool, "the exit status of a program was lost"}.with_hint(
        "whoever started tenantsh ignores SIGCHLD; start it from a shell");
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace fleet
