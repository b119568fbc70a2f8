#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "fleet/environment.hpp"
#include "fleet/error.hpp"
#include "tests/support/throwaway_cluster.hpp"

using fleet::Access;
using fleet::ConnectOptions;
using fleet::Endpoint;
using fleet::Error;
using fleet::Session;
using tests::ThrowawayCluster;

namespace {

std::unique_ptr<Session> connect(Endpoint const& endpoint, ConnectOptions const& options = {}) {
  auto& cluster = ThrowawayCluster::shared();
  return cluster.driver().connect(endpoint, cluster.secrets(), options);
}

std::unique_ptr<Session> as_superuser(ConnectOptions const& options = {}) {
  return connect(ThrowawayCluster::shared().superuser(), options);
}

// "kind sqlstate: message" of what `work` throws, "no error" when it does not.
template <typename Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (Error const& error) {
    return std::string{to_string(error.kind)} + " " + error.sqlstate + ": " + error.message;
  }
  return "no error";
}

std::string kind_of(auto&& work) {
  std::string text = error_of(work);
  return text.substr(0, text.find(':'));
}

void terminate(int pid) {
  ThrowawayCluster::shared().run({"SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)"});
}

std::string one(Session& session, std::string const& sql) {
  return session.query(sql).value().value_or("NULL");
}

}  // namespace

TEST_CASE("a query's rows, types, NULLs and tag") {
  auto session = as_superuser();
  auto result =
      session->query({"select 1 as n, null as nothing, $1::text as said, '' as empty", {"höflich"}});
  CHECK(result.columns().size() == 4);
  CHECK(result.columns()[0].type == fleet::type_oid::int4);
  CHECK(result.text(0, "n") == "1");
  CHECK_FALSE(result.at(0, "nothing").has_value());
  CHECK(result.text(0, "said") == "höflich");
  CHECK(result.at(0, "empty") == "");
  CHECK(result.command == "SELECT 1");
  CHECK(result.affected == 0);
  auto inserted = session->script("create temp table t (n int); insert into t values (1), (2)");
  CHECK(inserted.command == "INSERT 0 2");
  CHECK(inserted.affected == 2);
  CHECK(session->query({"select $1::int is null", {std::nullopt}}).value() == "t");
  CHECK(session->database() == "postgres");
  CHECK(one(*session, "select pg_backend_pid()") == std::to_string(session->backend_pid()));
  CHECK(session->server_version() >= 130000);
  CHECK(session->quote_identifier("a\"b") == "\"a\"\"b\"");
  CHECK(session->quote_literal("it's") == "'it''s'");
}

TEST_CASE("an error carries every field of the server") {
  auto session = as_superuser();
  session->script("create temp table t (n int constraint only_once unique); insert into t values (1)");
  try {
    session->query("insert into t values (1)");
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::sql);
    CHECK(error.sqlstate == "23505");
    CHECK(error.detail == "Key (n)=(1) already exists.");
    CHECK(error.constraint == "only_once");
    CHECK(error.statement == "insert into t values (1)");
    CHECK(error.server == "pg-test");
  }
  try {
    session->query("select nn from (values (1)) as v (n)");
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.sqlstate == "42703");
    CHECK(error.position == 8);
    CHECK(error.hint.find("v.n") != std::string::npos);
  }
  CHECK(one(*session, "select 1") == "1");
}

TEST_CASE("several statements and NUL bytes are refused by query") {
  auto session = as_superuser();
  CHECK(kind_of([&] { session->query("select 1; select 2"); }) == "sql 42601");
  CHECK(kind_of([&] { session->query(std::string{"select '\0'", 11}); }) == "usage ");
  CHECK(kind_of([&] { session->query({"select $1", {std::string{"a\0b", 3}}}); }) == "usage ");
  CHECK(kind_of([&] { session->script(std::string_view{"select 1\0", 9}); }) == "usage ");
  CHECK(kind_of([&] { session->quote_literal(std::string_view{"\0", 1}); }) == "usage ");
  CHECK(one(*session, "select 1") == "1");
}

TEST_CASE("a transaction commits, rolls back and says when it was poisoned") {
  auto session = as_superuser();
  session->query("create temp table t (n int)");
  session->begin(Access::read_write);
  CHECK(session->in_transaction());
  session->query("insert into t values (1)");
  session->commit();
  CHECK_FALSE(session->in_transaction());
  {
    fleet::Transaction left{*session, Access::read_write};
    session->query("insert into t values (2)");
  }
  CHECK(one(*session, "select string_agg(n::text, ',') from t") == "1");

  session->begin(Access::read_write);
  session->query("insert into t values (3)");
  CHECK(kind_of([&] { session->query("select 1/0"); }) == "sql 22012");
  try {
    session->commit();
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.sqlstate == "25P02");
    CHECK(error.detail == "the first failure was: division by zero");
  }
  CHECK_FALSE(session->in_transaction());
  CHECK(one(*session, "select count(*) from t") == "1");

  session->begin(Access::read_only);
  CHECK(kind_of([&] { session->query("create table x ()"); }) == "sql 25006");
  session->rollback();
  CHECK(kind_of([&] { session->commit(); }) == "usage ");
}

TEST_CASE("a constraint that fails at COMMIT keeps its fields and rolls back") {
  auto session = as_superuser();
  session->script(
      "create temp table p (n int primary key);"
      "create temp table c (n int constraint has_parent references p deferrable initially deferred)");
  session->begin(Access::read_write);
  session->query("insert into c values (7)");
  try {
    session->commit();
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.sqlstate == "23503");
    CHECK(error.constraint == "has_parent");
    CHECK(error.detail.find("(7)") != std::string::npos);
  }
  CHECK_FALSE(session->in_transaction());
  CHECK(one(*session, "select count(*) from c") == "0");
}

TEST_CASE("a script may not end the transaction it runs in") {
  auto session = as_superuser();
  session->query("create temp table t (n int)");
  for (char const* text :
       {"insert into t values (1); commit", "rollback", "commit; begin; insert into t values (1)",
        "commit and chain", "commit; select 1/0", "begin", "end; start transaction"}) {
    session->begin(Access::read_write);
    INFO(text);
    CHECK(kind_of([&] { session->script(text); }) == "refused ");
    CHECK_FALSE(session->in_transaction());
    session->rollback();
  }
  session->begin(Access::read_write);
  session->script("savepoint s; insert into t values (9); rollback to s; insert into t values (10)");
  CHECK(session->in_transaction());
  CHECK(kind_of([&] { session->query("commit"); }) == "refused ");
  // Outside a transaction a script may bring its own, if it ends it.
  session->script("begin; insert into t values (11); commit");
  CHECK(kind_of([&] { session->script("begin; insert into t values (12)"); }) == "refused ");
  CHECK(kind_of([&] { session->query("begin"); }) == "refused ");
  CHECK(one(*session, "select max(n) from t") == "11");
}

TEST_CASE("COPY from or to the client is refused and leaves the connection usable") {
  auto session = as_superuser();
  session->query("create temp table t (n int)");
  CHECK(kind_of([&] { session->script("copy t from stdin; select 1"); }) == "refused ");
  CHECK(kind_of([&] { session->query("copy t from stdin"); }) == "refused ");
  CHECK(kind_of([&] { session->query("copy t to stdout"); }) == "refused ");
  CHECK(one(*session, "select 1") == "1");
}

TEST_CASE("copy_out hands over everything, in buffers") {
  struct Sink final : fleet::CopySink {
    std::size_t calls = 0, bytes = 0, fail_at = 0;
    void write(std::string_view text) override {
      bytes += text.size();
      if (++calls == fail_at) throw Error{fleet::ErrorKind::io, "disk full"};
    }
  };
  auto session = as_superuser();
  Sink all;
  session->copy_out("copy (select repeat('x', 99) from generate_series(1, 10000)) to stdout", all);
  CHECK(all.bytes == 1000000);
  CHECK(all.calls < 20);
  Sink full;
  full.fail_at = 2;
  CHECK(error_of([&] {
          session->copy_out("copy (select repeat('x', 99) from generate_series(1, 1000000)) to stdout", full);
        }) == "io : disk full");
  CHECK(full.calls == 2);
  CHECK(one(*session, "select 1") == "1");
  CHECK(kind_of([&] { session->copy_out("select 1", all); }) == "usage ");
  CHECK(kind_of([&] { session->copy_out("copy nowhere to stdout", all); }) == "sql 42P01");
  CHECK(one(*session, "select 1") == "1");
}

TEST_CASE("a terminated backend is lost for good") {
  auto session = as_superuser();
  session->begin(Access::read_write);
  session->query("select set_config('my.setting', 'on', false)");
  terminate(session->backend_pid());
  CHECK_FALSE(session->is_open());
  CHECK(kind_of([&] { session->query("select 1"); }) == "connect ");
  CHECK(kind_of([&] { session->query("select 1"); }) == "connect ");
  CHECK(kind_of([&] { session->commit(); }) == "connect ");
  CHECK_FALSE(session->in_transaction());
  CHECK(kind_of([&] { session->begin(Access::read_only); }) == "connect ");
  CHECK(kind_of([&] { session->quote_literal("x"); }) == "connect ");
  session->rollback();
  CHECK_FALSE(session->is_open());
}

TEST_CASE("a backend that dies in the middle of a statement") {
  std::string const suicide = "pg_terminate_backend(pg_backend_pid())";
  CHECK(kind_of([&] { as_superuser()->query("select " + suicide); }) == "connect 57P01");
  // Outside a transaction nobody knows whether a write came through.
  auto session = as_superuser();
  session->query("create temp table t (n int)");
  CHECK(kind_of([&] { session->query("insert into t select 1 from " + suicide); }) == "in_doubt 57P01");
  session = as_superuser();
  session->begin(Access::read_write);
  CHECK(kind_of([&] { session->query("create table never as select " + suicide); }) == "connect 57P01");
}

TEST_CASE("COMMIT whose answer is lost is in doubt") {
  auto session = as_superuser();
  session->script(R"(
    create or replace function pg_temp.die() returns trigger language plpgsql as
      $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
    create temp table t (n int);
    create constraint trigger dies after insert on t deferrable initially deferred
      for each row execute function pg_temp.die())");
  session->begin(Access::read_write);
  session->query("insert into t values (1)");
  CHECK(kind_of([&] { session->commit(); }) == "in_doubt 57P01");
  CHECK_FALSE(session->in_transaction());
  CHECK_FALSE(session->is_open());
}

namespace {

// Hands bytes on between one client and the server, until the client sends `cut_at`: that still reaches the
// server, its answer does not reach the client.
class CuttingProxy {
 public:
  CuttingProxy(std::string const& folder, std::string const& server, std::string cut_at)
      : path_(folder + "/.s.PGSQL.6000"), listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un here = address(path_);
    CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
    CHECK(listen(listener_, 1) == 0);
    worker_ = std::thread{[this, server, cut = std::move(cut_at)] { serve(server, cut); }};
  }
  ~CuttingProxy() {
    worker_.join();
    close(listener_);
    unlink(path_.c_str());
  }

 private:
  static sockaddr_un address(std::string const& path) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    return to;
  }
  void serve(std::string const& server, std::string const& cut) {
    int const client = accept(listener_, nullptr, nullptr);
    int const upstream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to = address(server);
    if (connect(upstream, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return;
    std::thread back{[&] {
      char bytes[8192];
      for (ssize_t n; (n = read(upstream, bytes, sizeof bytes)) > 0;)
        if (cut_ || send(client, bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL) < 0) break;
      shutdown(client, SHUT_RDWR);
    }};
    char bytes[8192];
    for (ssize_t n; (n = read(client, bytes, sizeof bytes)) > 0;) {
      if (std::string_view{bytes, static_cast<std::size_t>(n)}.find(cut) != std::string_view::npos)
        cut_ = true;
      if (send(upstream, bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL) < 0) break;
    }
    if (!cut_) shutdown(upstream, SHUT_RDWR);
    back.join();
    close(client);
    close(upstream);
  }

  std::string path_;
  int listener_;
  std::atomic<bool> cut_ = false;
  std::thread worker_;
};

}  // namespace

TEST_CASE("COMMIT that arrived, but whose answer did not, is in doubt and committed") {
  auto& cluster = ThrowawayCluster::shared();
  cluster.run({"drop table if exists arrived", "create table arrived (n int)"});
  {
    CuttingProxy proxy{cluster.folder(), cluster.folder() / ".s.PGSQL.5432", "COMMIT"};
    Endpoint through = cluster.superuser();
    through.keywords["port"] = "6000";
    auto session = connect(through);
    session->begin(Access::read_write);
    session->query("insert into arrived values (1)");
    CHECK(kind_of([&] { session->commit(); }) == "in_doubt ");
    CHECK_FALSE(session->is_open());
  }
  CHECK(one(*as_superuser(), "select count(*) from arrived") == "1");
}

TEST_CASE("what cannot connect says where, as whom and what to do, and no password") {
  auto& cluster = ThrowawayCluster::shared();
  std::string const folder = cluster.folder();

  CHECK(error_of([&] { connect(cluster.admin("missing")); }) ==
        "connect 3D000: cannot connect to pg-test (" + folder +
            ":5432) as tenantsh_admin, database missing: database \"missing\" does not exist");

  Endpoint wrong = cluster.admin();
  std::string const secret = folder + "/wrong.secret";
  std::ofstream{secret} << "hunter2 hunter2\n";
  std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
  wrong.password = fleet::Secret::parse("file:" + secret);
  try {
    connect(wrong);
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::connect);
    CHECK(error.sqlstate == "28P01");
    CHECK(error.describe().find("hunter2") == std::string::npos);
    CHECK(error.message.find('\n') == std::string::npos);
    CHECK(error.hint == "check the user and the password behind file:" + secret);
  }

  Endpoint none = cluster.admin();
  none.password = {};
  CHECK(kind_of([&] { connect(none); }) == "connect 28P01");

  Endpoint nobody = cluster.admin();
  nobody.keywords["port"] = "5999";
  try {
    connect(nobody);
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::connect);
    CHECK(error.sqlstate.empty());
    CHECK(error.hint.find("tenantsh sandbox up") != std::string::npos);
  }

  Endpoint stray = cluster.admin();
  stray.keywords["password"] = "hunter2";
  CHECK(kind_of([&] { connect(stray); }) == "config ");
  CHECK(kind_of([&] { connect(cluster.admin(), {.role = "no_such_role"}); }).starts_with("refused"));
  CHECK(kind_of([&] { connect(cluster.admin(), {.role = "postgres"}); }).starts_with("refused"));
}

TEST_CASE("a passfile is read when the endpoint names it") {
  auto& cluster = ThrowawayCluster::shared();
  std::string const path = cluster.folder() / "passfile";
  std::ofstream{path} << "*:*:*:tenantsh_admin:a password of the admin\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  Endpoint endpoint = cluster.admin();
  endpoint.password = {};
  endpoint.keywords["passfile"] = path;
  CHECK(one(*connect(endpoint), "select current_user") == "tenantsh_admin");
}

TEST_CASE("a silent host is given up for the next one") {
  auto& cluster = ThrowawayCluster::shared();
  std::string const folder = cluster.folder() / "silent";
  std::filesystem::create_directory(folder);
  int const listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un here{};
  here.sun_family = AF_UNIX;
  (folder + "/.s.PGSQL.5432").copy(here.sun_path, sizeof here.sun_path - 1);
  CHECK(bind(listener, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
  CHECK(listen(listener, 5) == 0);

  Endpoint endpoint = cluster.admin();
  endpoint.keywords["host"] = folder;
  CHECK(error_of([&] { connect(endpoint, {.connect_timeout_s = 1}); }).find("no answer within 1 s") !=
        std::string::npos);
  endpoint.keywords["host"] = folder + "," + cluster.folder().string();
  CHECK(one(*connect(endpoint, {.connect_timeout_s = 1}), "select 1") == "1");

  endpoint.keywords["host"] = folder;
  std::stop_source source;
  std::thread stopper{[&] { source.request_stop(); }};
  CHECK(kind_of([&] { connect(endpoint, {.stop = source.get_token()}); }) == "interrupted ");
  stopper.join();
  close(listener);
}

TEST_CASE("start-up settings: role, read-only, timeout, name") {
  auto& cluster = ThrowawayCluster::shared();
  cluster.run({"drop role if exists \"a \\ reader\"", "create role \"a \\ reader\"",
               "grant \"a \\ reader\" to tenantsh_admin"});
  auto session = connect(cluster.admin(), {.access = Access::read_only,
                                           .role = "a \\ reader",
                                           .application_name = "tenantsh " + std::string(60, 'x'),
                                           .statement_timeout_ms = 100});
  CHECK(one(*session, "select current_user") == "a \\ reader");
  CHECK(one(*session, "select current_setting('application_name')") == "tenantsh " + std::string(54, 'x'));
  CHECK(one(*session, "select current_setting('client_encoding')") == "UTF8");
  CHECK(kind_of([&] { session->query("create temp table t (n int)"); }).starts_with("sql"));
  CHECK(kind_of([&] { session->query("select pg_sleep(10)"); }) == "sql 57014");
  CHECK(kind_of([&] { session->begin(Access::read_write); }) == "usage ");
  session.reset();
  cluster.run({"drop role \"a \\ reader\"", "alter role tenantsh_admin set datestyle = 'German'"});
  CHECK(one(*connect(cluster.admin()), "select date '2026-04-27'") == "2026-04-27");
  cluster.run({"alter role tenantsh_admin reset datestyle"});
}

TEST_CASE("cancel from another thread, during a statement or before it") {
  auto session = as_superuser();
  std::thread canceller{[&] {
    auto watcher = as_superuser();
    auto const sleeping = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'";
    while (one(*watcher, sleeping) == "0") std::this_thread::yield();
    session->cancel();
  }};
  CHECK(kind_of([&] { session->query("select pg_sleep(60)"); }) == "interrupted 57014");
  canceller.join();
  CHECK(one(*session, "select 1") == "1");
  session->cancel();
  CHECK(kind_of([&] { session->query("select 2"); }) == "interrupted ");
  CHECK(one(*session, "select 3") == "3");
}

TEST_CASE("a stray PG variable is refused, and without it nothing leads astray") {
  auto& cluster = ThrowawayCluster::shared();
  auto const variables = cluster.driver().environment_keywords();
  CHECK(variables.at("PGHOST") == "host");
  CHECK(variables.at("PGHOSTADDR") == "hostaddr");
  CHECK(variables.at("PGSERVICE") == "service");
  std::map<std::string, std::string> const stray{
      {"PGHOST", "nowhere"},       {"PGHOSTADDR", "192.0.2.1"},
      {"PGSERVICE", "nowhere"},    {"PGOPTIONS", "-c default_transaction_read_only=on"},
      {"PGPASSWORD", "hunter2"},   {"PGTARGETSESSIONATTRS", "standby"},
      {"PGTZ", "Asia/Tokyo"},      {"PGDATABASE", "nowhere"},
      {"PGSSLMODE", "verify-full"}};
  for (auto const& [name, value] : stray) {
    INFO(name);
    setenv(name.c_str(), value.c_str(), 1);
    CHECK(kind_of([&] { as_superuser(); }) == "refused ");
    unsetenv(name.c_str());
  }
  for (auto const& [name, value] : stray) setenv(name.c_str(), value.c_str(), 1);
  setenv("PGSERVICEFILE", "/nonexistent", 1);
  CHECK(fleet::take_postgres_variables() == stray);
  CHECK(one(*as_superuser(),
            "select current_setting('TimeZone') <> 'Asia/Tokyo' and"
            " current_setting('transaction_read_only') = 'off'") == "t");
  unsetenv("PGSERVICEFILE");
}

TEST_CASE("DSNs are taken apart, and their errors keep the password to themselves") {
  auto& driver = ThrowawayCluster::shared().driver();
  auto keywords = driver.parse_dsn("postgresql://me@db.example:5433/fleet?sslmode=require");
  CHECK(keywords == std::map<std::string, std::string>{{"host", "db.example"},
                                                       {"port", "5433"},
                                                       {"user", "me"},
                                                       {"dbname", "fleet"},
                                                       {"sslmode", "require"}});
  CHECK(driver.parse_dsn("host=/run/x dbname='a b'").at("dbname") == "a b");
  CHECK(error_of([&] { driver.parse_dsn("host=x prot=1"); }) ==
        "config : not a PostgreSQL connection string: invalid connection option \"prot\"");
  for (char const* dsn :
       {"host=x password=hunter2 hunter2", "postgresql://u:hunter2?@h/d?x=1", "postgresql://u:%zzhunter2@h/d",
        "password='hunter2", "postgresql://h/d?password=hunter2&q"})
    CHECK(error_of([&] { driver.parse_dsn(dsn); }).find("hunter2") == std::string::npos);
}

TEST_CASE("digests and tokens") {
  auto& driver = ThrowawayCluster::shared().driver();
  CHECK(driver.sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  auto const path = ThrowawayCluster::shared().folder() / "million";
  std::ofstream{path} << std::string(1000000, 'a');
  CHECK(driver.sha256_file(path) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(kind_of([&] { driver.sha256_file("/nonexistent"); }) == "io ");
  CHECK(driver.random_token(40).size() == 40);
  CHECK(driver.random_token(40) != driver.random_token(40));
  auto const verifier = as_superuser()->password_verifier("someone", "secret");
  CHECK(verifier.starts_with("SCRAM-SHA-256$"));
}

TEST_CASE("the module is refused when it is missing") {
  fleet::LazyDriver driver{"/nonexistent"};
  CHECK(kind_of([&] { driver.sha256("x"); }) == "tool ");
}

TEST_CASE("the module refuses a program of another build") {
  std::string const path = fleet::LazyDriver::find_folder() / "tenantsh-postgres.so";
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  CHECK(module != nullptr);
  if (!module) return;
  auto factory = reinterpret_cast<fleet::Driver* (*)(char const*)>(dlsym(module, "tenantsh_postgres_driver"));
  CHECK(factory("some other build") == nullptr);
  // Nothing else is to be found in it: program and module do not mix their copies of fleet's functions.
  CHECK(
      dlsym(module, "_ZN5fleet5ErrorC1ENS_9ErrorKindENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE") ==
      nullptr);
}
