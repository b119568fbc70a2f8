#include "fleet/sandbox.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>

#include "fleet/cluster.hpp"
#include "fleet/error.hpp"
#include "fleet/postmaster.hpp"
#include "fleet/sandbox_files.hpp"

namespace {

namespace fs = std::filesystem;
using fleet::Sandbox;

std::string message_of(std::function<void()> const& work) {
  try {
    work();
    return "done";
  } catch (fleet::Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.message;
  }
}

// A home of its own below /tmp, with a name that no shell, libpq or postgresql.conf takes unquoted.
struct Home {
  Home() {
    char name[] = "/tmp/tenantsh-sandbox-test-XXXXXX";
    base = ::mkdtemp(name);
    fs::permissions(base, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    path = base / "it's \"ein\" Zuhaus\\e: dahäm $HOME, 家";
  }
  ~Home() {
    try {
      sandbox().reset({});
    } catch (fleet::Error const& error) {
      MESSAGE(error.describe());
    }
    fs::remove_all(base);
  }
  Sandbox sandbox() { return Sandbox{path, secrets}; }
  // What up, down and reset reported, one line each; "→ false" when up had nothing to do.
  std::string up(fleet::SandboxOptions const& options = {.servers = 1}) {
    std::string said;
    bool worked = sandbox().up(options, [&said](std::string const& line) { said += line + "\n"; });
    return said + (worked ? "" : "→ false\n");
  }
  std::string down() {
    std::string said;
    sandbox().down([&said](std::string const& line) { said += line + "\n"; });
    return said;
  }
  std::string reset() {
    std::string said;
    sandbox().reset([&said](std::string const& line) { said += line + "\n"; });
    return said;
  }
  fs::path data(std::string const& member) { return path / "sandbox" / member / "data"; }
  fleet::SandboxMember member(std::string const& name) {
    for (fleet::SandboxMember const& member : sandbox().members())
      if (member.name == name) return member;
    FAIL("no member " << name);
    return {};
  }

  fleet::Secrets secrets;
  fs::path base;
  fs::path path;
};

// What psql prints, with standard error when it failed.
std::string psql(std::string const& dsn, std::string const& sql) {
  auto result = fleet::run({.argv = {fleet::postgres_program("psql").string(), "-XAtw", dsn},
                            .without = {"PG*"},
                            .directory = "/",
                            .input = "\\set ON_ERROR_STOP on\n" + sql});
  return result.exit_code == 0 ? result.output : "failed: " + result.errors;
}

void kill_postmaster(fs::path const& data) {
  auto postmaster = fleet::find_postmaster(data);
  REQUIRE(postmaster);
  ::kill(postmaster->pid, SIGKILL);
  REQUIRE(fleet::ends_within(*postmaster, std::chrono::seconds{30}));
}

std::string mode(fs::path const& path) {
  struct stat status {};
  ::lstat(path.c_str(), &status);
  char text[8];
  std::snprintf(text, sizeof text, "%04o", status.st_mode & 07777);
  return text;
}

}  // namespace

TEST_CASE("sandbox: up makes it once, down and up keep what it holds, reset deletes it") {
  Home home;
  CHECK_FALSE(home.sandbox().exists());
  CHECK(home.sandbox().members().empty());
  CHECK(home.down() == "there is no sandbox in " + home.path.string() + "\n");
  CHECK(home.up() == "master: created\npg-1: created\n");
  CHECK(home.up() == "master: already running\npg-1: already running\n→ false\n");
  CHECK(home.sandbox().exists());
  CHECK(home.sandbox().capacity_tenants() == 100);

  std::string dsn = home.member("pg-1").dsn;
  CHECK(
      psql(dsn, "create database kept; \\c kept\n create table t as select 42 as n;") ==
      "CREATE DATABASE\nYou are now connected to database \"kept\" as user \"tenantsh_admin\".\nSELECT 1\n");
  CHECK(home.down() == "master: stopped\npg-1: stopped\n");
  CHECK(home.down() == "master: not running\npg-1: not running\n");
  CHECK_FALSE(home.member("pg-1").running);
  CHECK(home.up() == "master: started\npg-1: started\n");
  CHECK(home.member("pg-1").running);
  CHECK(psql(dsn + " dbname=kept", "select n from t;") == "42\n");

  CHECK(home.reset() == "master: deleted\npg-1: deleted\n");
  CHECK_FALSE(fs::exists(home.path / "sandbox"));
}

TEST_CASE("sandbox: logins") {
  Home home;
  home.up();
  fleet::SandboxMember master = home.member("master");
  fleet::SandboxMember server = home.member("pg-1");
  CHECK(master.role == "master");
  CHECK(server.role == "server");
  CHECK(psql(master.dsn, "select current_database(), current_user;") == "master|tenantsh_admin\n");
  CHECK(psql(server.dsn,
             "select current_database(), rolsuper, rolcreatedb, rolcreaterole, inet_server_addr()"
             " from pg_roles where rolname = current_user;") == "postgres|f|t|t|\n");
  // What an admin needs: own databases, trusted extensions, roles that read everything.
  CHECK(psql(server.dsn,
             "create database one;\n\\c one\n\\o /dev/null\ncreate extension citext;\n"
             "create extension pgcrypto;\ncreate role reader;\ngrant pg_read_all_data to reader;\n\\o\n"
             "select string_agg(extname, ',' order by extname) from pg_extension;") ==
        "CREATE DATABASE\nYou are now connected to database \"one\" as user \"tenantsh_admin\".\n"
        "citext,pgcrypto,plpgsql\n");
  CHECK(psql(server.dsn,
             "select setting from pg_settings where name in ('listen_addresses', 'port') order by name;"
             "select distinct auth_method from pg_hba_file_rules;")
            .starts_with("failed: "));  // pg_hba_file_rules is the superuser's
  CHECK(psql(server.dsn, "show listen_addresses;\nshow server_encoding;\nshow password_encryption;") ==
        "\nUTF8\nscram-sha-256\n");

  // No password, a wrong one, and another member's.
  std::string place =
      "host=" + server.endpoint.keywords.at("host") + " port=" + server.endpoint.keywords.at("port");
  for (std::string user : {"tenantsh_admin", "postgres"})
    CHECK(psql(place + " dbname=postgres passfile=/dev/null user=" + user, "select 1;")
              .find("no password supplied") != std::string::npos);
  CHECK(psql(place + " dbname=postgres user=tenantsh_admin password=wrong", "select 1;")
            .find("password authentication failed") != std::string::npos);
  CHECK(home.secrets.resolve(server.endpoint.password) != home.secrets.resolve(master.endpoint.password));
  CHECK(home.secrets.redact(server.dsn) == server.dsn);

  fs::path root = home.path / "sandbox";
  CHECK(mode(root / "passfile") == "0600");
  CHECK(mode(root / "secrets") == "0700");
  for (auto const& entry : fs::directory_iterator{root / "secrets"}) CHECK(mode(entry.path()) == "0600");
  CHECK(mode(server.endpoint.keywords.at("host")) == "0700");
  // The password reached neither the log nor the server's command line.
  std::string password = home.secrets.resolve(server.endpoint.password);
  CHECK(fleet::run({.argv = {"grep", "-rF", password, home.data("pg-1").string()}}).exit_code == 1);
}

TEST_CASE("sandbox: a killed postmaster is started again") {
  Home home;
  home.up();
  kill_postmaster(home.data("pg-1"));
  CHECK_FALSE(home.member("pg-1").running);
  CHECK(home.up() == "master: already running\npg-1: started\n");
  CHECK(psql(home.member("pg-1").dsn, "select 1;") == "1\n");

  // A session outlives its postmaster while it computes; the pid has become somebody else's.
  std::thread session{[dsn = home.member("pg-1").dsn] {
    psql(dsn, "select count(*) from generate_series(1, 2000000000) a(n) where n % 7 = 1;");
  }};
  std::string busy = "select count(*) from pg_stat_activity where query like 'select count(*) from gen%';";
  while (psql(home.member("pg-1").dsn, busy) == "0\n") std::this_thread::yield();
  kill_postmaster(home.data("pg-1"));
  fs::path pid_file = home.data("pg-1") / "postmaster.pid";
  fs::path lock_file = home.member("pg-1").endpoint.keywords.at("host") + "/.s.PGSQL.5501.lock";
  for (fs::path const& path : {pid_file, lock_file}) {
    std::string text =
        fleet::run({.argv = {"sed", "1s/.*/" + std::to_string(::getpid()) + "/", path.string()}}).output;
    std::ofstream{path} << text;
  }
  CHECK_FALSE(home.member("pg-1").running);
  CHECK(home.up() == "master: already running\npg-1: started\n");
  session.join();
  CHECK(psql(home.member("pg-1").dsn, "select 1;") == "1\n");
}

TEST_CASE("sandbox: up grows and never shrinks") {
  Home home;
  home.up();
  CHECK(home.up({.servers = 2, .tenants = 250}) ==
        "master: already running\npg-1: restarted with new settings\npg-2: created\n");
  CHECK(home.sandbox().capacity_tenants() == 250);
  CHECK(psql(home.member("pg-2").dsn, "show max_connections;") == "200\n");
  CHECK(psql(home.member("pg-1").dsn, "show max_connections;") == "200\n");
  CHECK(home.up() == "master: already running\npg-1: already running\npg-2: already running\n→ false\n");
  CHECK(home.sandbox().members().size() == 3);
  CHECK(message_of([&] { home.up({.servers = 0}); }) == "usage: --servers must be between 1 and 100");
  CHECK(message_of([&] { home.up({.servers = 1, .tenants = -1}); }) ==
        "usage: --tenants must be between 0 and 100000");
}

TEST_CASE("sandbox: half-made clusters are made anew") {
  Home home;
  home.up();
  home.down();
  // Killed in initdb, in a reset, before the admin role was made.
  fs::path member = home.path / "sandbox" / "pg-1";
  fs::rename(member / "data", member / "data.new-abcdef");
  fs::create_directory(member / "password-abcdef");
  fs::create_directories(member / "data.deleted" / "base");
  fs::remove(home.path / "sandbox" / "master" / "admin-made");
  fs::remove(home.path / "sandbox" / "secrets" / "master.admin");
  CHECK(home.up() == "master: started\npg-1: created\n");
  std::string left;
  for (auto const& entry : fs::directory_iterator{member}) left += entry.path().filename().string() + " ";
  CHECK((left == "data admin-made " || left == "admin-made data "));
  CHECK(psql(home.member("pg-1").dsn, "select 1;") == "1\n");
  CHECK(psql(home.member("master").dsn, "select 1;") == "1\n");
  // The role and the database of a server that runs.
  fs::remove(home.path / "sandbox" / "master" / "admin-made");
  CHECK(home.up() == "master: admin role made\npg-1: already running\n");
}

TEST_CASE("sandbox: sockets that are gone come back, and leftovers of a deleted home give way") {
  Home home;
  home.up();
  fs::remove_all(home.member("master").endpoint.keywords.at("host"));
  CHECK(home.up() == "master: restarted, its socket was gone\npg-1: restarted, its socket was gone\n");
  CHECK(psql(home.member("pg-1").dsn, "select 1;") == "1\n");
  fs::remove_all(home.path);
  CHECK(home.up() == "master: created\npg-1: created\n");
  CHECK(psql(home.member("pg-1").dsn, "select 1;") == "1\n");
}

TEST_CASE("sandbox: two at once, one waits") {
  Home home;
  std::string first;
  std::string second;
  std::thread other{[&] { message_of([&] { first = home.up(); }); }};
  message_of([&] { second = home.up(); });
  other.join();
  std::string waited = "waiting for another tenantsh that changes this sandbox\n";
  std::string made = "master: created\npg-1: created\n";
  std::string found = "master: already running\npg-1: already running\n→ false\n";
  bool one_each = (first == made && (second == waited + found || second == found)) ||
                  (second == made && (first == waited + found || first == found));
  CHECK_MESSAGE(one_each, first, second);
}

TEST_CASE("sandbox: what is not a sandbox is left alone") {
  Home home;
  fs::create_directories(home.path / "sandbox");
  std::ofstream{home.path / "sandbox" / "thesis.tex"} << "years of work";
  std::string refusal = "refused: " + (home.path / "sandbox").string() +
                        " is not a sandbox: it holds thesis.tex and no tenantsh-sandbox";
  CHECK(message_of([&] { home.up(); }) == refusal);
  CHECK(message_of([&] { home.reset(); }) == refusal);
  CHECK(message_of([&] { home.down(); }) == refusal);
  CHECK(fs::exists(home.path / "sandbox" / "thesis.tex"));
  fs::remove(home.path / "sandbox" / "thesis.tex");

  std::ofstream{home.path / "sandbox" / "tenantsh-sandbox"} << "{";
  CHECK(message_of([&] { home.up(); }) ==
        "config: " + (home.path / "sandbox" / "tenantsh-sandbox").string() + " is damaged");
  CHECK(home.reset().empty());
  CHECK_FALSE(fs::exists(home.path / "sandbox"));
}

TEST_CASE("sandbox: missing programs and a server that does not start are one clear line") {
  Home home;
  ::setenv("TENANTSH_PG_BINDIR", "/nonexistent", 1);
  CHECK(message_of([&] { home.up(); }) ==
        "tool: PostgreSQL server programs are missing: apt install postgresql-15");
  ::unsetenv("TENANTSH_PG_BINDIR");
  CHECK_FALSE(fs::exists(home.path));

  home.up();
  home.down();
  std::ofstream{home.data("pg-1") / "postgresql.auto.conf", std::ios::app} << "shared_buffers = 'lots'\n";
  CHECK(message_of([&] { home.up(); }) ==
        "tool: pg-1: the server did not start: FATAL:  configuration file \"" +
            (home.data("pg-1") / "postgresql.auto.conf").string() + "\" contains errors");
}

TEST_CASE("sandbox: a home that may not be used is one clear line") {
  Home home;
  fs::path closed = home.base / "closed";
  fs::create_directory(closed);
  fs::permissions(closed, ::geteuid() == 0 ? fs::perms::owner_all : fs::perms::owner_read);
  Sandbox sandbox{closed / "home", home.secrets};
  std::string said = message_of([&] { sandbox.up({.servers = 1}, {}); });
  if (::geteuid() == 0)
    CHECK(said == "io: user postgres, whom root's servers run as, cannot enter " + closed.string());
  else
    CHECK(said == "io: cannot read " + (closed / "home/sandbox").string() + ": Permission denied");
  fs::permissions(closed, fs::perms::owner_all);
  CHECK(message_of([&] { Sandbox("/tmp/a\nb", home.secrets).up({}, {}); }) ==
        "config: TENANTSH_HOME holds a line break, which PostgreSQL's own files cannot");
}

TEST_CASE("sandbox: a socket folder that somebody else made is refused") {
  Home home;
  home.up();
  home.down();
  fs::path folder = home.member("master").endpoint.keywords.at("host");
  fs::remove_all(folder);
  fs::create_directory_symlink("/tmp", folder);
  CHECK(message_of([&] { home.up(); }) ==
        "refused: the socket folder " + folder.string() + " is not a folder");
  fs::remove(folder);
  if (::geteuid() == 0) {
    fs::create_directory(folder);
    CHECK(::chown(folder.c_str(), 65534, 65534) == 0);
    CHECK(message_of([&] { home.up(); }) ==
          "refused: the socket folder " + folder.string() + " belongs to another user (uid 65534)");
    fs::remove(folder);
  }
}

TEST_CASE("sandbox: where home is") {
  // In a process of its own: the environment is everybody's.
  auto home = [](std::map<std::string, std::string> environment) {
    int pid = ::fork();
    if (pid == 0) {
      for (char const* name : {"TENANTSH_HOME", "XDG_STATE_HOME", "HOME"}) ::unsetenv(name);
      std::string expected = environment["expected"];
      environment.erase("expected");
      for (auto const& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
      ::_exit(fleet::default_home() == expected ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status == 0;
  };
  bool root = ::geteuid() == 0;
  CHECK(home({{"TENANTSH_HOME", "/srv/a b"}, {"expected", "/srv/a b"}}));
  CHECK(home({{"XDG_STATE_HOME", "/state"}, {"expected", root ? "/var/lib/tenantsh" : "/state/tenantsh"}}));
  CHECK(home({{"XDG_STATE_HOME", "relative"},
              {"HOME", "/home/me"},
              {"expected", root ? "/var/lib/tenantsh" : "/home/me/.local/state/tenantsh"}}));
}

TEST_CASE("cluster: a port that another server holds is refused, a long socket path too") {
  Home home;
  home.up();
  fleet::SandboxFiles files{home.path};
  fleet::ClusterPlan plan = files.plan(*files.read_state(), "pg-1");
  plan.name = "other";
  plan.data = home.base / "other-data";
  fs::permissions(home.base, fs::perms::others_exec, fs::perm_options::add);
  fleet::Cluster other{plan};
  other.create();
  CHECK(message_of([&] { other.start(); })
            .starts_with("refused: other: port 5501 in " + plan.socket_directory.string() +
                         " is taken by process "));
  CHECK(psql(home.member("pg-1").dsn, "select 1;") == "1\n");
  other.remove();

  plan.socket_directory = "/tmp/" + std::string(100, 'x');
  CHECK(message_of([&] { fleet::Cluster{plan}.create(); }) ==
        "config: the socket path /tmp/" + std::string(100, 'x') +
            "/.s.PGSQL.5501 is 119 bytes long; the system takes 107");
}

TEST_CASE("run: a program that does not listen to SIGTERM is killed in the end") {
  fleet::Command stubborn{.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 1; done"}};
  CHECK(message_of([&] { fleet::run(stubborn, [] { return true; }); }) == "interrupted: sh was interrupted");
}

TEST_CASE("root: all of this for an ordinary user" * doctest::skip(::geteuid() != 0)) {
  // A copy in a folder of its own: a clone below /root is closed to everybody else.
  Home home;
  fs::path const self = fs::read_symlink("/proc/self/exe"), copy = home.base / self.filename();
  fs::copy_file(self, copy);
  fs::copy_file(self.parent_path() / "tenantsh-postgres.so", home.base / "tenantsh-postgres.so");
  auto result = fleet::run(
      {.argv = {copy.string(), "--test-case=sandbox:*,cluster:*"}, .run_as = "nobody", .directory = "/"});
  CHECK_MESSAGE(result.exit_code == 0, result.output, result.errors);
}
