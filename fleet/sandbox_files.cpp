#include "fleet/sandbox_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <system_error>

#include "fleet/private_files.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr int master_port = 5500;                         // pg-1 has the next one, and so on
constexpr std::uintmax_t room_of_a_cluster = 64U << 20U;  // as initdb leaves it

bool can_enter(fs::path const& folder) {
  return run({.argv = {"test", "-x", folder.string()}, .run_as = server_user(), .directory = "/"})
             .exit_code == 0;
}

// Whether the open file is still the one that stands at `path`: a reset deletes the lock that others wait
// for.
bool stands_at(FileDescriptor const& file, fs::path const& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(file.get(), &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

}  // namespace

std::vector<std::string> SandboxState::member_names() const {
  std::vector<std::string> names{"master"};
  for (int number = 1; number <= servers; ++number) names.push_back("pg-" + std::to_string(number));
  return names;
}

SandboxFiles::SandboxFiles(fs::path const& home) : home_(fs::absolute(home).lexically_normal()) {
  if (!home_.has_filename()) home_ = home_.parent_path();  // "/a/b/"
  if (home_.string().find('\n') != std::string::npos)
    throw Error{ErrorKind::config, "TENANTSH_HOME holds a line break, which PostgreSQL's own files cannot"};
}

fs::path SandboxFiles::superuser_password(std::string const& name) const {
  return secrets() / (name + ".superuser");
}

ClusterPlan SandboxFiles::plan(SandboxState const& state, std::string const& name) const {
  int number = name == "master" ? 0 : std::stoi(name.substr(name.find('-') + 1));
  return {.name = name,
          .data = member(name) / "data",
          .socket_directory = state.socket_folder,
          .port = master_port + number,
          .max_connections = number == 0 ? 100 : state.max_connections,
          .superuser = "postgres",
          .superuser_password_file = superuser_password(name)};
}

std::optional<SandboxState> SandboxFiles::read_state() const {
  auto text = read_file(marker());
  if (!text) return std::nullopt;
  try {
    auto json = nlohmann::json::parse(*text);
    return SandboxState{.servers = json.at("servers"),
                        .tenants = json.at("tenants"),
                        .capacity = json.at("capacity"),
                        .max_connections = json.at("max_connections"),
                        .socket_folder = json.at("socket_folder").get<std::string>()};
  } catch (nlohmann::json::exception const&) {
    throw Error{ErrorKind::config, marker().string() + " is damaged"}.with_hint(
        "tenantsh sandbox reset deletes the sandbox");
  }
}

void SandboxFiles::write_state(SandboxState const& state) const {
  nlohmann::json json = {{"servers", state.servers},
                         {"tenants", state.tenants},
                         {"capacity", state.capacity},
                         {"max_connections", state.max_connections},
                         {"socket_folder", state.socket_folder.string()}};
  write_private_file(marker(), json.dump() + "\n");
}

void SandboxFiles::make() const {
  // Root's servers run as another user, who has to get through, but not to look around.
  mode_t mode = ::geteuid() == 0 ? 0711 : 0700;
  make_folder(home_, mode);
  make_folder(root(), mode);
}

void SandboxFiles::check_ours() const {
  std::error_code error;
  std::string foreign;
  for (auto const& entry : fs::directory_iterator{root(), error}) {
    std::string name = entry.path().filename().string();
    // The marker is written second, after the lock, and deleted last but one.
    if (!name.starts_with(marker().filename().string()) && entry.path() != lock()) foreign = name;
  }
  if (error && error != std::errc::no_such_file_or_directory) throw io_error("read", root(), error.value());
  // Asked after the look around: another tenantsh may be at work.
  if (foreign.empty() || fs::exists(fs::symlink_status(marker()))) return;
  throw Error{ErrorKind::refused,
              root().string() + " is not a sandbox: it holds " + foreign + " and no tenantsh-sandbox"}
      .with_hint("move it away or choose another TENANTSH_HOME");
}

void SandboxFiles::check_room(int clusters) const {
  struct statvfs disk {};
  if (clusters == 0 || ::statvfs(root().c_str(), &disk) != 0) return;
  std::uintmax_t free = std::uintmax_t{disk.f_bavail} * disk.f_frsize;
  std::uintmax_t needed = room_of_a_cluster * static_cast<unsigned>(clusters);
  if (free >= needed) return;
  throw Error{ErrorKind::io, "not enough room in " + root().string() + ": " + std::to_string(free >> 20U) +
                                 " MB free, " + std::to_string(needed >> 20U) + " MB needed for " +
                                 std::to_string(clusters) + " new PostgreSQL clusters"}
      .with_hint("make room on that disk or choose another TENANTSH_HOME");
}

void SandboxFiles::check_way_for_servers() const {
  if (server_user().empty() || can_enter(root())) return;
  fs::path closed = "/";
  for (fs::path const& part : root()) {
    closed /= part;
    if (!can_enter(closed)) break;
  }
  throw Error{ErrorKind::io,
              "user " + server_user() + ", whom root's servers run as, cannot enter " + closed.string()}
      .with_hint("choose another TENANTSH_HOME, or open that folder with chmod o+x");
}

SandboxLock::SandboxLock(SandboxFiles const& files, std::function<void()> const& waiting) {
  bool told = false;
  do {
    file_ = FileDescriptor{::open(files.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file_ && errno == ENOENT) {  // a reset that we waited for has deleted the folder
      files.make();
      continue;
    }
    if (!file_) throw io_error("open", files.lock(), errno);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK && !told && waiting) waiting();
      told = true;
      while (::flock(file_.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw io_error("lock", files.lock(), errno);
    }
  } while (!stands_at(file_, files.lock()));
}

}  // namespace fleet
