// The migration engine against kills, stops, lost connections and other runners: nothing half done, nobody
// stuck.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "fleet/operator.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/live/migration_answers.hpp"

using namespace migrations;
using tests::applied;
using tests::error_of;
using tests::FreshDatabase;
using tests::recorded;
using tests::SetFolder;
using namespace std::chrono_literals;

namespace {

// Runs `work` in a process of its own, which ends itself by SIGKILL. No destructor of ours runs there.
pid_t in_child(std::function<void()> const& work) {
  pid_t const child = fork();
  if (child != 0) return child;
  try {
    work();
  } catch (std::exception const&) {
  }
  _exit(1);
}

// True when it was killed, false when it ended by itself.
bool was_killed(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

// Waits until another session of this database runs a statement like `pattern`.
void wait_for(fleet::Session& session, std::string const& pattern) {
  for (int poll = 0; poll < 600; ++poll) {
    if (session
            .query({"select exists (select from pg_stat_activity where datname = current_database() and "
                    "pid <> pg_backend_pid() and state = 'active' and query like $1)",
                    {pattern}})
            .value() == "t")
      return;
    std::this_thread::sleep_for(50ms);
  }
  throw std::runtime_error{"nobody runs " + pattern};
}

}  // namespace

TEST_CASE("kill -9 at every boundary leaves whole migrations, and the next run ends whole") {
  for (char const* boundary : {"before-begin", "before-commit", "after-commit"}) {
    for (char const* victim : {"001_a.sql", "002_i.sql", "003_c.sql"}) {
      CAPTURE(boundary);
      CAPTURE(victim);
      FreshDatabase database;
      SetFolder folder;
      folder.write("001_a.sql", "create table a (id int)")
          .write("002_i.sql",
                 "-- tenantsh: no-transaction\ncreate index concurrently if not exists a_id on a (id)")
          .write("003_c.sql", "create table c (id int); insert into c values (1)");
      pid_t const child = in_child([&] {
        auto session = database.connect();
        apply(*session, folder.load(database.driver()),
              {.boundary = [&](std::string_view at, Migration const& file) {
                if (at == boundary && file.name == victim) kill(getpid(), SIGKILL);
              }});
      });
      CHECK(was_killed(child));
      auto session = database.connect();
      std::string const before = recorded(*session);
      ApplyReport const report = apply(*session, folder.load(database.driver()), {});
      CHECK(before + (before.empty() || report.applied.empty() ? "" : " ") + applied(report) ==
            "001_a.sql 002_i.sql 003_c.sql");
      CHECK(database.one("select count(*) from c") == "1");
      CHECK(database.one("select indisvalid from pg_index where indexrelid = 'a_id'::regclass") == "t");
    }
  }
}

TEST_CASE("two runners at once: one waits, both end well, every file runs once") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ()").write("002_b.sql", "create table b ()");
  MigrationSet const set = folder.load(database.driver());
  auto first = database.connect(fleet::this_operator().application_name("first"));
  auto second = database.connect();
  std::promise<void> second_waits;
  std::promise<void> first_holds;
  auto other = std::async(std::launch::async, [&] {
    first_holds.get_future().wait();
    std::string seen;
    ApplyReport const report = apply(*second, set, {.on_wait = [&](LockHolder const& holder) {
      seen = holder.application_name + " " + std::to_string(holder.backend_pid);
      second_waits.set_value();
    }});
    return seen + ": " + applied(report) + "/" + std::to_string(report.already_applied);
  });
  ApplyReport const report = apply(*first, set, {.boundary = [&](std::string_view at, Migration const& file) {
    if (at != "before-commit" || file.name != "001_a.sql") return;
    first_holds.set_value();
    second_waits.get_future().wait();
  }});
  CHECK(applied(report) == "001_a.sql 002_b.sql");
  CHECK(other.get() == fleet::this_operator().application_name("first") + " " +
                           std::to_string(first->backend_pid()) + ": /2");
  CHECK(database.one("select count(*) from pg_locks where locktype = 'advisory'") == "0");
}

TEST_CASE("a runner that does not want to wait is told who holds the lock") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ()");
  MigrationSet const set = folder.load(database.driver());
  auto holder = database.connect(fleet::this_operator().application_name("migrate"));
  auto session = database.connect();
  Lock const lock{*holder, {Scope::tenant, ""}, {}};
  CHECK(error_of([&] { apply(*session, set, {.lock_wait = 0ms}); }) ==
        "locked: another run migrates " + database.name() + ": backend " +
            std::to_string(holder->backend_pid()) + ", " +
            fleet::this_operator().application_name("migrate") +
            " | wait for it; if it hangs, look at it and end it: tenantsh migrate unlock");
  CHECK(holders(*session, {Scope::tenant, ""}).at(0).client == LockHolder::Client::alive);
  CHECK(holders(*session, {Scope::master, ""}).empty());
  std::stop_source stop;
  CHECK(error_of([&] {
          apply(*session, set,
                {.stop = stop.get_token(), .on_wait = [&](LockHolder const&) { stop.request_stop(); }});
        }) == "interrupted: stopped while waiting for another run; nothing was done | ");
  CHECK(recorded(*session) == "");
}

TEST_CASE("a lock whose client was killed is named as dead, and can be taken from it") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a (); select pg_sleep(600)");
  Target const target{Scope::tenant, ""};
  pid_t const child = in_child([&] {
    auto session = database.connect(fleet::this_operator().application_name("migrate"));
    apply(*session, folder.load(database.driver()), {});
  });
  auto session = database.connect();
  wait_for(*session, "%pg_sleep(600)");
  kill(child, SIGKILL);
  CHECK(was_killed(child));
  folder.write("001_a.sql", "create table a ()");
  MigrationSet const set = folder.load(database.driver());
  try {
    apply(*session, set, {.lock_wait = 0ms});
    CHECK_MESSAGE(false, "the lock must be held");
  } catch (fleet::Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::locked);
    CHECK(error.detail.find("create table a (); select pg_sleep(600)") != std::string::npos);
    CHECK(error.detail.find("from local socket") != std::string::npos);
    CHECK(error.detail.find("its client process on this host is dead") != std::string::npos);
    CHECK(error.hint == "its client is gone; end what it left behind: tenantsh migrate unlock");
  }
  LockHolder const holder = holders(*session, target).at(0);
  CHECK(holder.client == LockHolder::Client::dead);
  LockHolder other = holder;
  other.backend_start = "1";
  CHECK(
      error_of([&] { terminate(*session, target, other); }) ==
      "refused: the lock changed hands meanwhile; nothing was ended | look at the new holder first: tenantsh "
      "migrate unlock");
  CHECK(holders(*session, target).size() == 1);
  terminate(*session, target, holder);
  CHECK(holders(*session, target).empty());
  CHECK_NOTHROW(terminate(*session, target, holder));
  CHECK(applied(apply(*session, set, {})) == "001_a.sql");
}

TEST_CASE("a stop cancels the statement and leaves whole migrations") {
  for (char const* slow :
       {"create table b (); select pg_sleep(600)", "-- tenantsh: no-transaction\nselect pg_sleep(600)"}) {
    CAPTURE(slow);
    FreshDatabase database;
    SetFolder folder;
    folder.write("001_a.sql", "create table a ()")
        .write("002_b.sql", slow)
        .write("003_c.sql", "create table c ()");
    auto session = database.connect();
    auto watcher = database.connect();
    std::stop_source stop;
    std::jthread const presses{[&] {
      wait_for(*watcher, "%pg_sleep(600)");
      stop.request_stop();
    }};
    CHECK(error_of([&] {
            apply(*session, folder.load(database.driver()), {.stop = stop.get_token()});
          }).rfind("interrupted: stopped before 002_b.sql was applied | ", 0) == 0);
    CHECK(recorded(*session) == "001_a.sql");
    CHECK(database.one("select to_regclass('b') is null and to_regclass('c') is null") == "t");
    CHECK(database.one("select count(*) from pg_locks where locktype = 'advisory'") == "0");
    folder.write("002_b.sql", "create table b ()");
    CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "002_b.sql 003_c.sql");
  }
}

TEST_CASE("a stop between files keeps what is whole") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ()").write("002_b.sql", "create table b ()");
  auto session = database.connect();
  std::stop_source stop;
  CHECK(error_of([&] {
          apply(*session, folder.load(database.driver()),
                {.stop = stop.get_token(), .boundary = [&](std::string_view at, Migration const&) {
                   if (at == "before-commit") stop.request_stop();
                 }});
        }) ==
        "interrupted: stopped before 002_b.sql was applied | nothing of it took effect; run again to go on");
  CHECK(recorded(*session) == "001_a.sql");
}

TEST_CASE("a backend that is terminated before the commit: the error says so, the next run ends whole") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ()");
  MigrationSet const set = folder.load(database.driver());
  auto session = database.connect();
  std::string const error = error_of([&] {
    apply(*session, set, {.boundary = [&](std::string_view at, Migration const&) {
      if (at == "before-commit") database.terminate(session->backend_pid());
    }});
  });
  CHECK((error.rfind("connect", 0) == 0 || error.rfind("in_doubt", 0) == 0));
  CHECK(error.find(": 001_a.sql: ") != std::string::npos);
  CHECK(!session->is_open());
  auto next = database.connect();
  CHECK(applied(apply(*next, set, {})) == "001_a.sql");
}

TEST_CASE("many may make the ledger at once") {
  FreshDatabase database;
  std::vector<std::future<void>> makers;
  for (int i = 0; i < 6; ++i)
    makers.push_back(std::async(std::launch::async, [&] {
      auto session = database.connect();
      prepare_ledger(*session);
    }));
  for (auto& maker : makers) CHECK_NOTHROW(maker.get());
  CHECK(database.one("select count(*) from tenantsh.ledger") == "0");
}
