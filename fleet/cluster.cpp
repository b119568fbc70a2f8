#include "fleet/cluster.hpp"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "fleet/postmaster.hpp"
#include "fleet/private_files.hpp"
#include "fleet/socket_folder.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto start_patience = 120s;  // recovery after a crash takes its time
constexpr auto stop_patience = 60s;
constexpr std::string_view deleted_name = "data.deleted";
constexpr std::uintmax_t longest_log = 16U << 20U;
constexpr std::size_t longest_data_path = 900;  // PostgreSQL's own paths end at 1023 bytes

// A file or folder of this process that is deleted at the end, come what may.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  ~Temporary() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Temporary(Temporary const&) = delete;
  Temporary& operator=(Temporary const&) = delete;
  fs::path const& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

// A string in postgresql.conf: '' is a quote, and a backslash escapes.
std::string setting(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

// unix_socket_directories is a list: one with a comma or a blank in it stands in double quotes.
std::string list_item(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

std::string settings_text(ClusterPlan const& plan) {
  std::ostringstream text;
  text << "# Written by tenantsh, which rewrites it; ALTER SYSTEM wins over it.\n"
       << "listen_addresses = ''\n"
       << "port = " << plan.port << "\n"
       << "unix_socket_directories = " << setting(list_item(plan.socket_directory.string())) << "\n"
       << "unix_socket_permissions = 0700\n"
       << "password_encryption = 'scram-sha-256'\n"
       << "max_connections = " << plan.max_connections << "\n"
       << "shared_buffers = 64MB\n"
       // Tenants move between servers by logical replication.
       << "wal_level = logical\n"
       << "max_wal_senders = 20\n"
       << "max_replication_slots = 20\n"
       << "max_worker_processes = 16\n"
       << "log_destination = 'stderr'\n"
       << "logging_collector = off\n"
       << "log_line_prefix = '%m [%p] %q%u@%d '\n"
       << "log_checkpoints = off\n";
  return text.str();
}

// The line of a log that says why, without its time stamp.
std::string telling_line(std::string const& log) {
  std::istringstream lines{log};
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    for (std::string_view sign : {"PANIC:", "FATAL:", "error:", "could not"}) {
      auto at = line.find(sign);
      if (at == std::string::npos) continue;
      return sign.ends_with(':') ? line.substr(at) : line;
    }
    if (!line.empty()) last = line;
  }
  return last;
}

std::string read_from(fs::path const& path, std::uintmax_t offset) {
  std::ifstream file{path};
  file.seekg(static_cast<std::streamoff>(offset));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string last_lines(std::string const& text, int count) {
  auto from = text.find_last_not_of('\n');
  for (int line = 0; line < count && from != std::string::npos && from != 0; ++line)
    from = text.rfind('\n', from - 1);
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

// A new empty folder or file name beside `data`, belonging to the server's user.
fs::path make_temporary_folder(fs::path const& parent, std::string const& prefix) {
  std::string name = (parent / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw io_error("make", parent / prefix, errno);
  if (::chown(name.c_str(), server_uid(), static_cast<gid_t>(-1)) != 0) throw io_error("make", name, errno);
  return name;
}

void remove_half_made(fs::path const& parent) {
  std::error_code error;
  for (auto const& entry : fs::directory_iterator{parent, error}) {
    std::string name = entry.path().filename().string();
    if (name.starts_with("data.new-") || name.starts_with("password-") || name == deleted_name)
      remove_tree(entry.path());
  }
}

}  // namespace

Cluster::Cluster(ClusterPlan plan) : plan_(std::move(plan)) {}

fs::path Cluster::log_file() const { return plan_.data / "log" / "server.log"; }

bool Cluster::exists() const {
  std::error_code ignored;
  return fs::exists(plan_.data / "PG_VERSION", ignored);
}

bool Cluster::running() const { return find_postmaster(plan_.data).has_value(); }

bool Cluster::reachable() const {
  if (!running()) return false;
  auto file = read_postmaster_file(plan_.data / "postmaster.pid");
  std::error_code ignored;
  return file && file->port == plan_.port && file->socket_folder == plan_.socket_directory &&
         fs::exists(socket_path(plan_.socket_directory, plan_.port), ignored);
}

void Cluster::create() {
  if (exists()) return;
  if (plan_.data.string().size() > longest_data_path)
    throw failed(ErrorKind::config, "the path of its data directory is too long: " + plan_.data.string());
  socket_path(plan_.socket_directory, plan_.port);
  fs::path initdb = postgres_program("initdb");
  auto password = read_file(plan_.superuser_password_file);
  if (!password) throw failed(ErrorKind::io, "there is no " + plan_.superuser_password_file.string());

  fs::path parent = plan_.data.parent_path();
  remove_half_made(parent);
  // The server's user cannot read our secrets: it gets a copy for the time that initdb takes.
  Temporary secret{make_temporary_folder(parent, "password-")};
  write_private_file(secret.path() / "superuser", *password, server_uid());
  Temporary data{make_temporary_folder(parent, "data.new-")};
  CommandResult result =
      run({.argv = {initdb.string(), "--pgdata=" + data.path().string(), "--username=" + plan_.superuser,
                    "--auth=scram-sha-256", "--pwfile=" + (secret.path() / "superuser").string(),
                    "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"},
           .environment = {{"LC_ALL", "C.UTF-8"}},
           .without = {"PG*"},
           .run_as = server_user(),
           .directory = "/"});
  if (result.exit_code != 0)
    throw failed(ErrorKind::tool, "initdb failed: " + telling_line(result.errors))
        .with_detail(last_lines(result.errors, 10));

  write_private_file(data.path() / "tenantsh.conf", settings_text(plan_), server_uid());
  auto settings = read_file(data.path() / "postgresql.conf");
  write_private_file(data.path() / "postgresql.conf", settings.value_or("") + "\ninclude 'tenantsh.conf'\n",
                     server_uid());
  make_folder(data.path() / "log", 0700);
  if (::chown((data.path() / "log").c_str(), server_uid(), static_cast<gid_t>(-1)) != 0 ||
      ::rename(data.path().c_str(), plan_.data.c_str()) != 0)
    throw io_error("make", plan_.data, errno);
  data.keep();
}

bool Cluster::configure() {
  fs::path path = plan_.data / "tenantsh.conf";
  std::string text = settings_text(plan_);
  if (read_file(path) == text) return false;
  write_private_file(path, text, server_uid());
  return true;
}

void Cluster::start() {
  if (running()) return;
  socket_path(plan_.socket_directory, plan_.port);
  int major_version = std::atoi(read_file(plan_.data / "PG_VERSION").value_or("").c_str());
  if (major_version == 0) throw failed(ErrorKind::not_found, "there is no cluster in " + plan_.data.string());
  fs::path postgres = postgres_program("postgres", major_version);
  struct stat status {};
  if (::stat(plan_.data.c_str(), &status) == 0 && status.st_uid != server_uid())
    throw failed(ErrorKind::refused,
                 plan_.data.string() + " belongs to another user (uid " + std::to_string(status.st_uid) + ")")
        .with_hint("run tenantsh as the user who made it");
  clear_leftovers(plan_);

  std::error_code missing;
  std::uintmax_t log_size = fs::file_size(log_file(), missing);
  if (missing) log_size = 0;
  if (log_size > longest_log) {
    fs::rename(log_file(), fs::path{log_file()} += ".old", missing);
    log_size = 0;
  }
  // Its environment is its own: ours may hold secrets, and PG* variables that its replication would follow.
  ProcessIdentity postmaster = spawn({.argv = {postgres.string(), "-D", plan_.data.string()},
                                      .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                                      .without = {"*"},
                                      .run_as = server_user(),
                                      .directory = "/",
                                      .output_file = log_file()});
  wait_until_ready(postmaster, log_size);
}

void Cluster::wait_until_ready(ProcessIdentity const& postmaster, std::uintmax_t log_start) const {
  auto deadline = std::chrono::steady_clock::now() + start_patience;
  while (true) {
    auto file = read_postmaster_file(plan_.data / "postmaster.pid");
    if (file && file->pid == postmaster.pid && file->ready) return;
    bool ended = !is_alive(postmaster);
    if (ended || std::chrono::steady_clock::now() > deadline) {
      std::string log = read_from(log_file(), log_start);
      throw failed(ErrorKind::tool, (ended ? "the server did not start: " : "the server is not ready yet: ") +
                                        telling_line(log))
          .with_detail(last_lines(log, 10))
          .with_hint("see " + log_file().string());
    }
    std::this_thread::sleep_for(5ms);
  }
}

void Cluster::stop(StopMode mode) {
  auto postmaster = find_postmaster(plan_.data);
  if (!postmaster) return;
  if (::kill(postmaster->pid, mode == StopMode::fast ? SIGINT : SIGQUIT) != 0 && errno != ESRCH)
    throw failed(ErrorKind::refused,
                 "cannot stop process " + std::to_string(postmaster->pid) + ": " + std::strerror(errno));
  if (!ends_within(*postmaster, stop_patience))
    throw failed(ErrorKind::failed,
                 "the server (process " + std::to_string(postmaster->pid) + ") does not stop")
        .with_hint("see " + log_file().string());
}

void Cluster::remove() {
  stop(StopMode::immediate);
  fs::path parent = plan_.data.parent_path();
  remove_half_made(parent);
  fs::path deleted = parent / deleted_name;
  if (::rename(plan_.data.c_str(), deleted.c_str()) != 0 && errno != ENOENT)
    throw io_error("delete", plan_.data, errno);
  remove_tree(deleted);
}

Error Cluster::failed(ErrorKind kind, std::string const& what) const {
  return Error{kind, plan_.name + ": " + what}.at_server(plan_.name);
}

std::string server_user() { return ::geteuid() == 0 ? "postgres" : ""; }

unsigned server_uid() {
  if (::geteuid() != 0) return ::geteuid();
  char buffer[16384];
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r("postgres", &entry, buffer, sizeof buffer, &found);
  if (found == nullptr)
    throw Error{ErrorKind::tool,
                "root's servers run as user postgres, who does not exist: apt install postgresql-15"}
        .with_hint("or run tenantsh as an ordinary user");
  return found->pw_uid;
}

}  // namespace fleet
