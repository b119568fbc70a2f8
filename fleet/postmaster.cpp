#include "fleet/postmaster.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/file_descriptor.hpp"
#include "fleet/private_files.hpp"
#include "fleet/socket_folder.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto patience = 10s;

fs::path proc(int pid, char const* entry) { return "/proc/" + std::to_string(pid) + "/" + entry; }

std::vector<std::string> arguments(int pid) {
  std::vector<std::string> words;
  std::istringstream text{read_file(proc(pid, "cmdline")).value_or("")};
  for (std::string word; std::getline(text, word, '\0');) words.push_back(word);
  return words;
}

bool works_in(int pid, fs::path const& data) {
  std::error_code error;  // without CAP_SYS_PTRACE root may not look at another user's process
  fs::path folder = fs::read_symlink(proc(pid, "cwd"), error);
  return !error && (folder == data || fs::equivalent(folder, data, error));
}

bool same_owner(int pid, fs::path const& data) {
  struct stat process {};
  struct stat folder {};
  if (::stat(proc(pid, "").c_str(), &process) != 0) return false;
  return ::stat(data.c_str(), &folder) != 0 || process.st_uid == folder.st_uid;
}

// Whether a live process is the postmaster of `data`: sessions call themselves "postgres: …".
std::optional<ProcessIdentity> postmaster_of(int pid, fs::path const& data) {
  auto process = find_process(pid);
  if (!process || !same_owner(pid, data)) return std::nullopt;
  std::vector<std::string> words = arguments(pid);
  if (words.empty() || words[0].starts_with("postgres:")) return std::nullopt;
  std::string program = fs::path{words[0]}.filename().string();
  if (program != "postgres" && program != "postmaster") return std::nullopt;
  bool named = std::find(words.begin() + 1, words.end(), data.string()) != words.end();
  return named || works_in(pid, data) ? process : std::nullopt;
}

// Sessions and background workers of a postmaster that is gone; they work in its data directory.
std::vector<ProcessIdentity> orphans_of(fs::path const& data) {
  std::vector<ProcessIdentity> found;
  std::error_code error;
  for (auto const& entry : fs::directory_iterator{"/proc", error}) {
    int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || !works_in(pid, data) || !same_owner(pid, data)) continue;
    std::vector<std::string> words = arguments(pid);
    if (words.empty() || !fs::path{words[0]}.filename().string().starts_with("postgres")) continue;
    if (auto process = find_process(pid)) found.push_back(*process);
  }
  return found;
}

void end_at_once(ProcessIdentity const& process, std::string const& name) {
  ::kill(process.pid, SIGQUIT);
  if (ends_within(process, patience)) return;
  ::kill(process.pid, SIGKILL);
  if (!ends_within(process, patience))
    throw Error{ErrorKind::failed,
                name + ": process " + std::to_string(process.pid) + " of its last run does not end"}
        .at_server(name);
}

// Keeps the file, whose other lines let PostgreSQL recognise shared memory that is still in use, but names a
// process that cannot exist (pids end at 2^22).
void disown(fs::path const& lock_file) {
  auto content = read_file(lock_file);
  if (!content) return;
  std::string text = "2147483647" + content->substr(std::min(content->find('\n'), content->size()));
  FileDescriptor file{::open(lock_file.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)};
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) throw io_error("write", lock_file, errno);
}

void clear_data_directory(ClusterPlan const& plan) {
  fs::path pid_file = plan.data / "postmaster.pid";
  if (!fs::exists(fs::symlink_status(pid_file)) || find_postmaster(plan.data)) return;
  std::vector<ProcessIdentity> orphans = orphans_of(plan.data);
  for (ProcessIdentity const& orphan : orphans) ::kill(orphan.pid, SIGQUIT);
  for (ProcessIdentity const& orphan : orphans) end_at_once(orphan, plan.name);
  disown(pid_file);
}

void clear_socket(ClusterPlan const& plan) {
  fs::path lock_file = socket_path(plan.socket_directory, plan.port);
  lock_file += ".lock";
  auto holder = read_postmaster_file(lock_file);
  if (!holder) return;
  auto process = postmaster_of(holder->pid, holder->data);
  if (!process) {
    disown(lock_file);
  } else if (holder->data == plan.data) {
    end_at_once(*process, plan.name);  // its folder was deleted: else find_postmaster would have known it
  } else {
    throw Error{ErrorKind::refused, plan.name + ": port " + std::to_string(plan.port) + " in " +
                                        plan.socket_directory.string() + " is taken by process " +
                                        std::to_string(holder->pid) + ", the server of " +
                                        holder->data.string()}
        .with_hint("stop that server and try again")
        .at_server(plan.name);
  }
}

}  // namespace

std::optional<PostmasterFile> read_postmaster_file(fs::path const& path) {
  std::optional<std::string> content;
  try {
    content = read_file(path);
  } catch (Error const&) {
    return std::nullopt;  // another user's: as far as we can see there is none
  }
  if (!content) return std::nullopt;
  std::istringstream text{*content};
  std::vector<std::string> lines(8);
  for (std::string& line : lines) std::getline(text, line);
  return PostmasterFile{.pid = std::atoi(lines[0].c_str()),
                        .data = lines[1],
                        .port = std::atoi(lines[3].c_str()),
                        .socket_folder = lines[4],
                        .ready = lines[7].starts_with("ready")};
}

std::optional<ProcessIdentity> find_postmaster(fs::path const& data) {
  auto file = read_postmaster_file(data / "postmaster.pid");
  // A negative pid is a server in single-user mode.
  return file ? postmaster_of(std::abs(file->pid), data) : std::nullopt;
}

void clear_leftovers(ClusterPlan const& plan) {
  clear_data_directory(plan);
  clear_socket(plan);
}

bool ends_within(ProcessIdentity const& process, std::chrono::milliseconds time) {
  auto deadline = std::chrono::steady_clock::now() + time;
  while (is_alive(process)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace fleet
