#include "fleet/process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "fleet/error.hpp"

namespace {

namespace fs = std::filesystem;
using fleet::Command;

// "exit 3 | out | err", or "KIND: message" for what was thrown.
std::string told(Command const& command) {
  try {
    fleet::CommandResult result = fleet::run(command);
    return "exit " + std::to_string(result.exit_code) + " | " + result.output + " | " + result.errors;
  } catch (fleet::Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.message;
  }
}

std::string told_checked(Command const& command) {
  try {
    fleet::run_checked(command);
    return "ok";
  } catch (fleet::Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.message;
  }
}

Command shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }

struct Folder {
  Folder() {
    char name[] = "/tmp/tenantsh-process-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

std::string content(fs::path const& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("run tells what a program wrote and how it ended") {
  CHECK(told(shell("echo out; echo err >&2; exit 3")) == "exit 3 | out\n | err\n");
  CHECK(told(shell("kill -TERM $$")) == "exit 143 |  | ");
  CHECK(told({.argv = {"cat"}}) == "exit 0 |  | ");
  CHECK(told({.argv = {"cat"}, .input = "a\nb"}) == "exit 0 | a\nb | ");
  CHECK(told({.argv = {"pwd"}, .directory = "/usr"}) == "exit 0 | /usr\n | ");
  CHECK(told({.argv = {"printf", "%s|", "two words", "$HOME", "it's", ""}}) ==
        "exit 0 | two words|$HOME|it's|| | ");
}

TEST_CASE("run says what is wrong with a program that cannot be started") {
  CHECK(told({.argv = {"no-such-program"}}) == "tool: cannot run no-such-program: it is not on PATH");
  CHECK(told({.argv = {"/no/such"}}) == "tool: cannot run /no/such: No such file or directory");
  CHECK(told({.argv = {"/etc/passwd"}}) == "tool: cannot run /etc/passwd: Permission denied");
  CHECK(told({.argv = {"/bin/true"}, .directory = "/no/such"}) ==
        "tool: cannot run /bin/true: cannot enter /no/such: No such file or directory");
  CHECK(told({.argv = {"/bin/true"}, .run_as = "no-such-user"}) ==
        "tool: cannot run /bin/true: there is no user \"no-such-user\"");
  CHECK(told({.argv = {"/bin/true"}, .output_file = "/no/such/file"}) ==
        "io: cannot write /no/such/file: No such file or directory");
  CHECK(told({}) == "tool: cannot run a command without a program");
}

TEST_CASE("run_checked carries the last line of standard error") {
  CHECK(told_checked(shell("exit 0")) == "ok");
  CHECK(told_checked(shell("echo first >&2; echo last >&2; echo >&2; exit 2")) ==
        "tool: sh failed (exit status 2): last");
  CHECK(told_checked(shell("kill -9 $$")) == "tool: sh failed (signal 9)");
}

TEST_CASE("run moves more than a pipe holds, both ways at once") {
  std::string much(3'000'000, 'x');
  fleet::CommandResult result = fleet::run({.argv = {"sh", "-c", "tee /dev/stderr"}, .input = much});
  CHECK(result.output == much);
  CHECK(result.errors == much);
  // A program that does not read its input neither blocks us nor ends us.
  CHECK(told({.argv = {"true"}, .input = much}) == "exit 0 |  | ");
}

TEST_CASE("run gives a program the environment asked for") {
  ::setenv("PGHOSTADDR", "192.0.2.1", 1);
  ::setenv("TENANTSH_TEST", "ours", 1);
  char const* script = "echo ${PGHOSTADDR-none} ${TENANTSH_TEST-none} ${PGPASSWORD-none}";
  CHECK(told(shell(script)) == "exit 0 | 192.0.2.1 ours none\n | ");
  Command command = shell(script);
  command.without = {"PG*"};
  command.environment = {{"PGPASSWORD", "secret"}, {"TENANTSH_TEST", "its own"}};
  CHECK(told(command) == "exit 0 | none its own secret\n | ");
  CHECK(told({.argv = {"env"}, .environment = {{"A", "1"}}, .without = {"*"}}) == "exit 0 | A=1\n | ");
  ::unsetenv("PGHOSTADDR");
  ::unsetenv("TENANTSH_TEST");
}

TEST_CASE("run sends standard output to a file only its owner reads") {
  Folder folder;
  Command command = shell("echo out; echo err >&2");
  command.output_file = folder.path / "a file";
  CHECK(told(command) == "exit 0 |  | err\n");
  CHECK(content(command.output_file) == "out\n");
  CHECK((fs::status(command.output_file).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("run hands standard output to a sink piece by piece") {
  std::size_t bytes = 0, longest = 0;
  Command command = shell("head -c 3000000 /dev/zero; echo err >&2; exit 2");
  command.sink = [&](std::string_view piece) {
    bytes += piece.size();
    longest = std::max(longest, piece.size());
  };
  CHECK(told(command) == "exit 2 |  | err\n");
  CHECK(bytes == 3'000'000);
  CHECK(longest <= 65536);

  command = shell("yes");
  command.sink = [](std::string_view) { throw fleet::Error{fleet::ErrorKind::failed, "enough"}; };
  CHECK(told(command) == "failed: enough");
  // One that reads slower than the program writes can be interrupted all the same.
  command.sink = [](std::string_view) {};
  std::atomic<int> asked = 0;
  CHECK_THROWS_AS(fleet::run(command, [&] { return ++asked > 2; }), fleet::Error);
}

TEST_CASE("run leaks no descriptor, holds back no signal and leaves no zombie") {
  int inheritable = ::open("/dev/null", O_RDONLY);
  CHECK(told({.argv = {"find", "/proc/self/fd", "-lname", "/dev/null", "-printf", "%f "}}) ==
        "exit 0 | 0  | ");
  CHECK(told({.argv = {"find", "/proc/self/fd", "-lname", "pipe:*", "-printf", "%f "}}) ==
        "exit 0 | 1 2  | ");
  ::close(inheritable);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  CHECK(told(shell("grep SigBlk /proc/self/status | tr -d '\\t'")) ==
        "exit 0 | SigBlk:0000000000000000\n | ");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("run does not wait for what a program left behind") {
  int left_behind = std::atoi(fleet::run(shell("sleep 300 & echo $!")).output.c_str());
  CHECK(fleet::find_process(left_behind));
  ::kill(left_behind, SIGKILL);
}

TEST_CASE("run can be interrupted") {
  auto interrupted = [](std::string script) {
    int asked = 0;
    Command command = shell(std::move(script));
    try {
      fleet::run(command, [&asked] { return ++asked >= 2; });
      return std::string{"ran to the end"};
    } catch (fleet::Error const& error) {
      return std::string{to_string(error.kind)} + ": " + error.message;
    }
  };
  CHECK(interrupted("exec sleep 60") == "interrupted: sh was interrupted");
}

TEST_CASE("run works from many threads at once") {
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number)
    threads.emplace_back([number, &right] {
      for (int round = 0; round < 20; ++round) {
        std::string text = std::to_string(number) + "." + std::to_string(round);
        if (fleet::run({.argv = {"cat"}, .input = text}).output == text) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 160);
}

TEST_CASE("run becomes another user" * doctest::skip(::geteuid() != 0)) {
  CHECK(told({.argv = {"sh", "-c", "id -un; id -G; echo $HOME"}, .run_as = "nobody"}) ==
        "exit 0 | nobody\n65534\n/nonexistent\n | ");
  CHECK(told({.argv = {"id", "-un"}, .run_as = "root"}) == "exit 0 | root\n | ");
}

TEST_CASE("spawn starts what outlives us, in a session of its own and without a zombie") {
  Folder folder;
  Command command = shell("echo started; echo so >&2; exec sleep 60");
  command.output_file = folder.path / "log";
  fleet::ProcessIdentity process = fleet::spawn(command);
  CHECK(fleet::is_alive(process));
  CHECK(::getsid(process.pid) != ::getsid(0));
  while (content(command.output_file) != "started\nso\n") std::this_thread::yield();
  CHECK(::waitpid(process.pid, nullptr, WNOHANG) == -1);
  ::kill(process.pid, SIGKILL);
  while (fleet::is_alive(process)) std::this_thread::yield();
  CHECK_THROWS_AS(fleet::spawn({.argv = {"/no/such"}}), fleet::Error);
}

TEST_CASE("a process is told from another one with the same pid") {
  fleet::ProcessIdentity process = fleet::this_process();
  CHECK(process.pid == ::getpid());
  CHECK(fleet::is_alive(process));
  process.start_time += "0";
  CHECK_FALSE(fleet::is_alive(process));
  CHECK_FALSE(fleet::is_alive({.pid = 0, .start_time = ""}));
  // A zombie does not live.
  int pid = ::fork();
  if (pid == 0) ::_exit(0);
  while (fleet::find_process(pid)) std::this_thread::yield();
  CHECK(::kill(pid, 0) == 0);
  ::waitpid(pid, nullptr, 0);
}

TEST_CASE("a command is shown as an operator would type it") {
  CHECK(Command{.argv = {"pg_dump", "-Fd", "--file=/a/b", "two words", "it's", "", "$x"}}.text() ==
        "pg_dump -Fd --file=/a/b 'two words' 'it'\\''s' '' '$x'");
}

TEST_CASE("PostgreSQL's programs come from TENANTSH_PG_BINDIR alone when it is set") {
  Folder folder;
  ::setenv("TENANTSH_PG_BINDIR", folder.path.c_str(), 1);
  auto message = [](std::string const& program) {
    try {
      return fleet::postgres_program(program).string();
    } catch (fleet::Error const& error) {
      return std::string{to_string(error.kind)} + ": " + error.message;
    }
  };
  CHECK(message("initdb") == "tool: PostgreSQL server programs are missing: apt install postgresql-15");
  CHECK(message("psql") == "tool: PostgreSQL client programs are missing: apt install postgresql-client-15");
  fs::path program = folder.path / "initdb";
  std::ofstream{program} << "#!/bin/sh\n";
  fs::permissions(program, fs::perms::owner_all);
  CHECK(message("initdb") == program.string());
  ::unsetenv("TENANTSH_PG_BINDIR");
}
