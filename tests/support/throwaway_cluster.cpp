#include "tests/support/throwaway_cluster.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace tests {
namespace {

namespace fs = std::filesystem;

struct ServerUser {
  uid_t uid;
  gid_t gid;
};

// Whom the server runs as: nobody else unless we are root, which PostgreSQL refuses.
std::optional<ServerUser> server_user() {
  if (geteuid() != 0) return std::nullopt;
  passwd const* entry = getpwnam("postgres");
  if (!entry) throw std::runtime_error{"there is no user postgres to run the server as"};
  return ServerUser{entry->pw_uid, entry->pw_gid};
}

fs::path program(std::string const& name) {
  fs::path newest;
  int version = 0;
  for (auto const& folder : fs::directory_iterator{"/usr/lib/postgresql"})
    if (int const number = std::atoi(folder.path().filename().c_str());
        number > version && fs::exists(folder.path() / "bin" / name)) {
      version = number;
      newest = folder.path() / "bin" / name;
    }
  if (newest.empty()) throw std::runtime_error{"no PostgreSQL server is installed: " + name + " is missing"};
  return newest;
}

pid_t spawn(std::vector<std::string> const& argv, fs::path const& log) {
  auto const user = server_user();
  std::vector<char*> arguments;
  for (std::string const& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string const log_name = log.string();
  pid_t const child = fork();
  if (child < 0) throw std::runtime_error{"fork failed"};
  if (child > 0) return child;
  setsid();  // a Ctrl-C at the terminal is for the test program
  int const out = open(log_name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(out, 1);
  dup2(out, 2);
  bool const changed =
      !user || (setgroups(0, nullptr) == 0 && setgid(user->gid) == 0 && setuid(user->uid) == 0);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (changed && chdir("/") == 0) execv(arguments[0], arguments.data());
  _exit(127);
}

std::string read_file(fs::path const& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_secret(fs::path const& path, std::string const& text) {
  std::ofstream{path} << text << '\n';
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace

ThrowawayCluster::ThrowawayCluster(Settings const& settings)
    : settings_{{"listen_addresses", ""},
                {"port", "5432"},
                {"fsync", "off"},
                {"synchronous_commit", "off"},
                {"full_page_writes", "off"},
                {"autovacuum", "off"}},
      driver_(fleet::LazyDriver::find_folder()) {
  for (auto const& [name, value] : settings) settings_[name] = value;
  char name[] = "/tmp/tenantsh-live-XXXXXX";
  if (!mkdtemp(name)) throw std::runtime_error{"cannot make a temporary folder"};
  folder_ = name;
  settings_["unix_socket_directories"] = folder_;
  auto const user = server_user();
  if (user && chown(name, user->uid, user->gid) != 0) throw std::runtime_error{"cannot give the folder away"};

  write_secret(folder_ / "postgres.secret", "a password of the superuser");
  write_secret(folder_ / "tenantsh_admin.secret", "a password of the admin");
  write_secret(folder_ / "initdb.secret", "a password of the superuser");
  if (user && chown((folder_ / "initdb.secret").c_str(), user->uid, user->gid) != 0)
    throw std::runtime_error{"cannot give the password file away"};
  pid_t const initdb =
      spawn({program("initdb"), "-D", folder_ / "data", "-U", "postgres", "-A", "scram-sha-256", "--pwfile",
             folder_ / "initdb.secret", "-N", "-E", "UTF8", "--locale", "C.UTF-8"},
            folder_ / "initdb.log");
  int status = 0;
  if (waitpid(initdb, &status, 0) != initdb || status != 0)
    throw std::runtime_error{"initdb failed:\n" + read_file(folder_ / "initdb.log")};
  start();
  run({"CREATE ROLE tenantsh_admin LOGIN CREATEDB CREATEROLE PASSWORD 'a password of the admin'"});
}

ThrowawayCluster::~ThrowawayCluster() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

ThrowawayCluster& ThrowawayCluster::shared() {
  static bool const cleared = [] {
    std::vector<std::string> stray;
    for (char** entry = environ; *entry; ++entry)
      if (std::string text = *entry; text.starts_with("PG")) stray.push_back(text.substr(0, text.find('=')));
    for (std::string const& name : stray) unsetenv(name.c_str());
    return true;
  }();
  (void)cleared;
  static ThrowawayCluster cluster{{{"max_connections", "40"}}};
  return cluster;
}

void ThrowawayCluster::start() {
  if (server_) return;
  std::vector<std::string> argv{program("postgres"), "-D", folder_ / "data"};
  for (auto const& [name, value] : settings_) {
    argv.emplace_back("-c");
    argv.push_back(name + "=" + value);
  }
  server_ = spawn(argv, folder_ / "server.log");
  for (int tries = 0; tries < 600; ++tries) {
    if (read_file(folder_ / "data" / "postmaster.pid").find("ready") != std::string::npos) return;
    int status = 0;
    if (waitpid(server_, &status, WNOHANG) == server_) {
      server_ = 0;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  throw std::runtime_error{"the server does not start:\n" + read_file(folder_ / "server.log")};
}

void ThrowawayCluster::stop() {
  if (!server_) return;
  kill(server_, SIGINT);  // fast shutdown: sessions are ended
  int status = 0;
  waitpid(server_, &status, 0);
  server_ = 0;
}

fleet::Endpoint ThrowawayCluster::endpoint(std::string const& user, std::string const& database) const {
  fleet::Endpoint place;
  place.keywords = {{"host", folder_}, {"port", settings_.at("port")}, {"user", user}, {"dbname", database}};
  place.password = fleet::Secret::parse("file:" + (folder_ / (user + ".secret")).string());
  place.server = "pg-test";
  return place;
}

fleet::Endpoint ThrowawayCluster::superuser(std::string const& database) const {
  return endpoint("postgres", database);
}
fleet::Endpoint ThrowawayCluster::admin(std::string const& database) const {
  return endpoint("tenantsh_admin", database);
}

void ThrowawayCluster::run(std::vector<std::string> const& statements, std::string const& database) {
  auto session = driver_.connect(superuser(database), secrets_, {.application_name = "setup"});
  for (std::string const& sql : statements) session->query(sql);
}

}  // namespace tests
