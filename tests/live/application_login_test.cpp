#include "fleet/application_login.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "fleet/error.hpp"
#include "fleet/private_files.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/support/throwaway_cluster.hpp"

namespace fs = std::filesystem;
using namespace fleet;
using tests::FreshDatabase;
using tests::ThrowawayCluster;

namespace {

ThrowawayCluster& cluster() { return ThrowawayCluster::shared(); }
Driver& driver() { return cluster().driver(); }
Secrets& secrets() { return cluster().secrets(); }

// A database with a role of its own and a folder for its connection string.
struct Place {
  Place() {
    static int made = 0;
    folder = cluster().folder() / ("secrets-" + std::to_string(++made));
    role = "app " + std::to_string(made);
    cluster().run({"set role tenantsh_admin", "create role \"" + role + "\" login"});
    admin = driver().connect(cluster().admin(), secrets(), {.application_name = "admin"});
  }
  ~Place() {
    remove_tree(folder);
    cluster().run({"drop role \"" + role + "\""});
  }
  LoginRequest request() const {
    return {.slug = "acme",
            .role = role,
            .host = cluster().folder(),
            .database = database.name(),
            .port = 5432,
            .folder = folder};
  }
  Secret issue() { return issue_login(*admin, request(), driver(), secrets()); }

  FreshDatabase database;
  fs::path folder;
  std::string role;
  std::unique_ptr<Session> admin;
};

template <typename Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.describe();
  }
  return "no error";
}

std::string login(Secret const& reference) {
  return error_of([&] {
    auto const [user, database] = check_login(reference, driver(), secrets());
    throw Error{ErrorKind::pending, user + " in " + database};
  });
}

unsigned mode_of(fs::path const& path) {
  struct stat status {};
  stat(path.c_str(), &status);
  return status.st_mode & 0777U;
}

std::string password_in(fs::path const& file) { return driver().parse_dsn(*read_file(file)).at("password"); }

}  // namespace

TEST_CASE("issue_login writes a connection string that works") {
  Place place;
  fs::path const file = place.folder / "acme.dsn";
  Secret const reference = place.issue();
  CHECK(reference.reference() == "file:" + file.string());
  CHECK(mode_of(file) == 0600);
  CHECK(mode_of(place.folder) == 0700);
  std::string const text = *read_file(file), password = password_in(file);
  CHECK(text == "host=" + cluster().folder().string() + " port=5432 dbname=" + place.database.name() +
                    " user='" + place.role + "' password=" + password + "\n");
  CHECK(password.size() == 32);
  CHECK(login(reference) == "pending: " + place.role + " in " + place.database.name());
  CHECK(secrets().redact("it is " + password) == "it is the password in " + reference.reference());
  CHECK(secrets().redact(text).find(password) == std::string::npos);

  // Again, and after a kill between the file and the role.
  CHECK(place.issue() == reference);
  CHECK(*read_file(file) == text);
  cluster().run({"alter role \"" + place.role + "\" password null"});
  CHECK(login(reference).starts_with("connect: "));
  place.issue();
  CHECK(*read_file(file) == text);
  CHECK(login(reference).starts_with("pending: "));
}

TEST_CASE("the plain password never reaches the server") {
  Place place;
  cluster().run({"alter system set log_statement = 'all'", "select pg_reload_conf()"});
  place.admin.reset();
  place.admin = driver().connect(cluster().admin(), secrets(), {});
  place.issue();
  cluster().run({"alter system reset log_statement", "select pg_reload_conf()"});
  std::string const log = read_file(cluster().folder() / "server.log").value();
  CHECK(log.find("alter role \"" + place.role + "\" password 'SCRAM-SHA-256$") != std::string::npos);
  CHECK(log.find(password_in(place.folder / "acme.dsn")) == std::string::npos);
}

TEST_CASE("a connection string for another place is refused") {
  Place place;
  Secret const reference = place.issue();
  std::string const file = reference.reference();
  auto const refusal = [&](auto change) {
    LoginRequest request = place.request();
    change(request);
    return error_of([&] { issue_login(*place.admin, request, driver(), secrets()); });
  };
  std::string const hint =
      "\n  hint: an application in use may read it: correct it by hand, or choose another secret";
  CHECK(refusal([](LoginRequest& request) { request.database = "other"; }) ==
        "refused: " + file + " is for another place: its dbname is \"" + place.database.name() +
            "\", not \"other\"" + hint);
  CHECK(refusal([](LoginRequest& request) { request.port = 5433; }) ==
        "refused: " + file + " is for another place: its port is \"5432\", not \"5433\"" + hint);
  CHECK(refusal([](LoginRequest& request) { request.role = "tenantsh_admin"; }) ==
        "refused: " + file + " is for another place: its user is \"" + place.role +
            "\", not \"tenantsh_admin\"" + hint);
  CHECK(refusal([](LoginRequest& request) {
          request.folder.clear();
        }).starts_with("usage: the application's login needs"));
  CHECK(refusal([](LoginRequest& request) { request.role.clear(); }) ==
        "usage: the application's login needs a user");
}

TEST_CASE("an existing secret gives the password") {
  Place place;
  LoginRequest request = place.request();
  request.folder.clear();
  std::string const uri = "postgresql://" + std::string{"app%20"} + place.role.substr(4) +
                          ":p%40ss%3Aw%C3%B6rd'%5C@/" + place.database.name() +
                          "?host=" + cluster().folder().string() + "&application_name=theirs";
  setenv("TENANT_ACME_DSN", uri.c_str(), 1);
  request.existing = Secret::parse("env:TENANT_ACME_DSN");
  CHECK(issue_login(*place.admin, request, driver(), secrets()) == request.existing);
  CHECK(login(request.existing) == "pending: " + place.role + " in " + place.database.name());
  CHECK(secrets().redact("p@ss:wörd'\\") == "the password in env:TENANT_ACME_DSN");

  setenv("TENANT_ACME_OTHER", "host=/tmp dbname=x user=y password=another-one", 1);
  request.existing = Secret::parse("env:TENANT_ACME_OTHER");
  CHECK(error_of([&] { issue_login(*place.admin, request, driver(), secrets()); })
            .starts_with(
                "refused: env:TENANT_ACME_OTHER is for another place: its dbname is \"x\", not \"fresh_"));
  setenv("TENANT_ACME_BROKEN", "a s3cret = thing'", 1);
  request.existing = Secret::parse("env:TENANT_ACME_BROKEN");
  std::string const error = error_of([&] { issue_login(*place.admin, request, driver(), secrets()); });
  CHECK(error.starts_with("config: env:TENANT_ACME_BROKEN: not a PostgreSQL connection string"));
  CHECK(error.find("s3cret") == std::string::npos);
}

TEST_CASE("check_login says what is wrong without the password") {
  Place place;
  Secret const reference = place.issue();
  std::string const password = password_in(place.folder / "acme.dsn");
  cluster().run({"alter role \"" + place.role + "\" password 'something else'"});
  std::string error = login(reference);
  CHECK(error.starts_with("connect: "));
  CHECK(error.find(password) == std::string::npos);
  CHECK(login(Secret::parse("file:/nonexistent/acme.dsn"))
            .starts_with("not_found: file:/nonexistent/acme.dsn: "));

  LoginRequest request = place.request();
  request.slug = "acme-2";
  request.database = "no_such_database";
  error = login(issue_login(*place.admin, request, driver(), secrets()));
  CHECK(error.starts_with("connect: "));
  CHECK(error.find("no_such_database") != std::string::npos);
}
