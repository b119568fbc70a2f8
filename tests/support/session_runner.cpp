// tenantsh-sessions [--program PATH] [--source PATH] [--accept] FILE…
// Runs transcripts (session_file.hpp). Each gets an empty working directory and HOME of its own; those that
// ask for it share one sandbox, raised once and removed at the end.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "tests/support/session_file.hpp"

namespace {

namespace fs = std::filesystem;
using sessions::Observed;

constexpr char end_of_entry = '\x01';
constexpr std::chrono::seconds time_limit{300};

struct Setting {
  fs::path program, source, root;  // root: everything of this run
  bool accept = false;
};

struct Ended {
  std::string output;
  int status = 0;
  bool timed_out = false;
};

// Standard output and standard error of `argv` in one, with `variables` as its whole environment.
Ended run(std::vector<std::string> const& argv, std::vector<std::string> const& variables,
          fs::path const& folder) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error{"pipe failed"};
  std::vector<char*> arguments, environment;
  for (auto const& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
  for (auto const& variable : variables) environment.push_back(const_cast<char*>(variable.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  std::cout.flush();
  pid_t const child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(STDIN_FILENO);
    if (::chdir(folder.c_str()) == 0 && ::open("/dev/null", O_RDONLY) == STDIN_FILENO) {
      ::close(ends[0]);
      ::close(ends[1]);
      ::execve(arguments[0], arguments.data(), environment.data());
    }
    ::_exit(127);
  }
  ::close(ends[1]);
  Ended ended;
  auto const deadline = std::chrono::steady_clock::now() + time_limit;
  while (true) {
    pollfd waiting{ends[0], POLLIN, 0};
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
      ended.timed_out = true;
      ::kill(-child, SIGKILL);
      break;
    }
    char bytes[4096];
    ssize_t const count = ::read(ends[0], bytes, sizeof bytes);
    if (count <= 0) break;
    ended.output.append(bytes, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

std::vector<std::string> variables_for(Setting const& setting, fs::path const& home,
                                       fs::path const& tenantsh_home) {
  char const* path = std::getenv("PATH");
  return {"PATH=" + (setting.root / "bin").string() + ":" + (path != nullptr ? path : "/usr/bin:/bin"),
          "HOME=" + home.string(),
          "TENANTSH_HOME=" + tenantsh_home.string(),
          "SOURCE=" + setting.source.string(),
          "LC_ALL=C.UTF-8",
          "TZ=UTC",
          "TERM=dumb"};
}

void replace_all(std::string& text, std::string const& from, std::string const& to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The whole session is one bash, so that variables and functions live on from command to command.
std::vector<Observed> observe(sessions::Session const& session, Setting const& setting,
                              fs::path const& folder, fs::path const& sandbox_home) {
  fs::path const work = folder / "work", home = folder / "home";
  fs::create_directories(work);
  fs::create_directories(home);
  std::ofstream script{folder / "commands"};
  for (auto const& entry : session.entries) script << entry.command << "\nprintf '\\001%d\\001' $?\n";
  script.close();
  fs::path const tenantsh_home = session.sandbox ? sandbox_home : folder / "tenantsh";
  Ended ended =
      run({"/bin/bash", (folder / "commands").string()}, variables_for(setting, home, tenantsh_home), work);
  replace_all(ended.output, work.string(), "/session");
  replace_all(ended.output, folder.string(), "/session");
  replace_all(ended.output, sandbox_home.string(), "/sandbox");

  std::vector<Observed> observed;
  std::size_t at = 0;
  for (std::size_t i = 0; i < session.entries.size(); ++i) {
    std::size_t const mark = ended.output.find(end_of_entry, at);
    Observed seen{lines_of(ended.output.substr(at, mark - at)), 0};
    if (mark == std::string::npos) {
      seen.output.push_back(ended.timed_out ? "(took too long)" : "(the session ended here)");
      at = ended.output.size();
    } else {
      std::size_t const close = ended.output.find(end_of_entry, mark + 1);
      seen.exit_status = std::atoi(ended.output.substr(mark + 1, close - mark - 1).c_str());
      at = close + 1;
    }
    observed.push_back(std::move(seen));
  }
  return observed;
}

// One sandbox for all sessions that ask for one; gone when this object is.
class SharedSandbox {
 public:
  SharedSandbox(Setting const& setting, fs::path home) : setting_(setting), home_(std::move(home)) {}
  ~SharedSandbox() {
    if (raised_) command({"sandbox", "reset", "--confirm", "sandbox"});
  }
  SharedSandbox(SharedSandbox const&) = delete;
  SharedSandbox& operator=(SharedSandbox const&) = delete;

  void raise() {
    if (raised_) return;
    raised_ = true;
    Ended const ended = command({"sandbox", "up"});
    if (ended.status != 0) throw std::runtime_error{"the sandbox does not come up:\n" + ended.output};
  }
  fs::path const& home() const { return home_; }

 private:
  Ended command(std::vector<std::string> words) {
    words.insert(words.begin(), (setting_.root / "bin" / "tenantsh").string());
    return run(words, variables_for(setting_, setting_.root, home_), setting_.root);
  }

  Setting const& setting_;
  fs::path home_;
  bool raised_ = false;
};

// Prints every entry that differs; with --accept writes down what was seen instead.
bool compare(sessions::Session& session, std::vector<Observed> const& observed, bool accept) {
  bool same = true;
  for (std::size_t i = 0; i < session.entries.size(); ++i) {
    auto& entry = session.entries[i];
    if (matches(entry, observed[i])) continue;
    same = false;
    if (accept) {
      entry.expected = observed[i].output;
      entry.exit_status = observed[i].exit_status;
    } else {
      std::cout << session.file.string() << "\n  $ " << entry.command << "\n"
                << difference(entry, observed[i]);
    }
  }
  if (!same && accept) {
    write_session(session);
    std::cout << session.file.string() << ": rewritten\n";
  }
  return same || accept;
}

int run_all(Setting const& setting, std::vector<fs::path> const& files) {
  SharedSandbox sandbox{setting, setting.root / "sandbox-home"};
  int passed = 0, failed = 0;
  for (fs::path const& file : files) {
    bool good = false;
    try {
      sessions::Session session = sessions::read_session(file);
      if (session.sandbox) sandbox.raise();
      fs::path const folder = setting.root / file.stem();
      good = compare(session, observe(session, setting, folder, sandbox.home()), setting.accept);
    } catch (std::exception const& problem) {
      std::cout << file.string() << ": " << problem.what() << "\n";
    }
    ++(good ? passed : failed);
    std::cout << (good ? "ok      " : "FAILED  ") << file.stem().string() << std::endl;
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  Setting setting;
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    std::string const word = words[i];
    if (word == "--accept")
      setting.accept = true;
    else if (word == "--program" && i + 1 < count)
      setting.program = fs::absolute(words[++i]);
    else if (word == "--source" && i + 1 < count)
      setting.source = fs::absolute(words[++i]);
    else
      files.emplace_back(word);
  }
  if (setting.program.empty())
    setting.program = fs::read_symlink("/proc/self/exe").parent_path() / "tenantsh";

  std::string pattern = (fs::temp_directory_path() / "tenantsh-sessions-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::cerr << "cannot make a temporary folder\n";
    return 1;
  }
  setting.root = pattern;
  // The sandbox's servers run as another user when we are root.
  fs::permissions(setting.root, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  fs::create_directories(setting.root / "bin");
  fs::create_symlink(setting.program, setting.root / "bin" / "tenantsh");
  int const status = run_all(setting, files);
  std::error_code ignored;
  fs::remove_all(setting.root, ignored);
  return status;
}
