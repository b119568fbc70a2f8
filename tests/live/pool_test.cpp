#include "fleet/pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <utility>

#include "fleet/error.hpp"
#include "tests/support/throwaway_cluster.hpp"

using fleet::Access;
using fleet::Endpoint;
using fleet::Error;
using fleet::Pool;
using tests::ThrowawayCluster;

namespace {

std::vector<std::string> databases(int count) {
  static int made = 0;
  auto& cluster = ThrowawayCluster::shared();
  std::vector<std::string> names;
  for (int i = 1; i <= count; ++i) {
    names.push_back("pool_" + std::to_string(i));
    if (i > made) cluster.run({"create database " + names.back()});
  }
  made = std::max(made, count);
  return names;
}

std::string one(fleet::Session& session, std::string const& sql) {
  return session.query(sql).value().value_or("NULL");
}

// The server's own count of sessions with that application_name, and their databases.
std::string seen(std::string const& name) {
  auto& cluster = ThrowawayCluster::shared();
  auto watcher = cluster.driver().connect(cluster.superuser(), cluster.secrets(), {});
  return one(*watcher,
             "select count(*) || ' ' || coalesce(string_agg(datname, ',' order by datname), '')"
             " from pg_stat_activity where application_name = '" +
                 name + "'");
}

// Waits until the server shows it: a backend outlives its connection by a moment.
std::string seen_soon(std::string const& name, std::string const& expected) {
  std::string now;
  for (int tries = 0; tries < 500 && (now = seen(name)) != expected; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  return now;
}

}  // namespace

namespace {

// Counts the sessions that are open through it at the same time.
class CountingDriver final : public fleet::Driver {
 public:
  explicit CountingDriver(fleet::Driver& real) : real_(real) {}
  int most() const { return most_; }

  std::unique_ptr<fleet::Session> connect(Endpoint const& endpoint, fleet::Secrets& secrets,
                                          fleet::ConnectOptions const& options) override {
    Counted counted{*this};
    return std::make_unique<CountedSession>(std::move(counted), real_.connect(endpoint, secrets, options));
  }
  std::string sha256(std::string_view bytes) const override { return real_.sha256(bytes); }
  std::string sha256_file(std::string const& path) const override { return real_.sha256_file(path); }
  std::string random_token(std::size_t length) const override { return real_.random_token(length); }
  std::map<std::string, std::string> parse_dsn(std::string const& dsn) const override {
    return real_.parse_dsn(dsn);
  }
  std::map<std::string, std::string> environment_keywords() const override {
    return real_.environment_keywords();
  }

 private:
  struct Counted {
    explicit Counted(CountingDriver& of) : driver(&of) {
      int const now = ++of.open_;
      for (int seen = of.most_; now > seen && !of.most_.compare_exchange_weak(seen, now);) continue;
    }
    Counted(Counted&& other) noexcept : driver(std::exchange(other.driver, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (driver) --driver->open_;
    }
    CountingDriver* driver;
  };
  class CountedSession final : public fleet::Session {
   public:
    CountedSession(Counted counted, std::unique_ptr<fleet::Session> real)
        : counted_(std::move(counted)), real_(std::move(real)) {}
    fleet::Result query(fleet::Statement const& statement) override { return real_->query(statement); }
    fleet::Result script(std::string_view sql) override { return real_->script(sql); }
    void begin(Access access, std::string_view settings) override { real_->begin(access, settings); }
    void commit(std::string_view last) override { real_->commit(last); }
    void rollback() noexcept override { real_->rollback(); }
    bool in_transaction() const override { return real_->in_transaction(); }
    bool is_open() const noexcept override { return real_->is_open(); }
    int backend_pid() const noexcept override { return real_->backend_pid(); }
    int server_version() const noexcept override { return real_->server_version(); }
    std::string database() const override { return real_->database(); }
    std::string quote_identifier(std::string_view name) const override {
      return real_->quote_identifier(name);
    }
    std::string quote_literal(std::string_view text) const override { return real_->quote_literal(text); }
    std::string password_verifier(std::string const& role, std::string const& password) const override {
      return real_->password_verifier(role, password);
    }
    void stream(fleet::Statement const& statement, fleet::RowSink& sink) override {
      real_->stream(statement, sink);
    }
    void copy_out(std::string_view sql, fleet::CopySink& sink) override { real_->copy_out(sql, sink); }
    void cancel() noexcept override { real_->cancel(); }

   private:
    Counted counted_;  // ends after the real session
    std::unique_ptr<fleet::Session> real_;
  };

  fleet::Driver& real_;
  std::atomic<int> open_ = 0, most_ = 0;
};

}  // namespace

TEST_CASE("a session comes back for the same endpoint and options only") {
  auto& cluster = ThrowawayCluster::shared();
  Pool pool{cluster.driver(), cluster.secrets()};
  fleet::ConnectOptions const reading{.access = Access::read_only, .application_name = "pool_same"};
  int first = 0;
  {
    auto lease = pool.acquire(cluster.admin(), reading);
    CHECK_FALSE(lease.reused());
    first = lease->backend_pid();
  }
  {
    auto lease = pool.acquire(cluster.admin(), reading);
    CHECK(lease.reused());
    CHECK(lease->backend_pid() == first);
    auto second = pool.acquire(cluster.admin(), reading);
    CHECK(second->backend_pid() != first);
  }
  CHECK(pool.acquire(cluster.admin(), {.application_name = "pool_same"}).reused() == false);
  CHECK(pool.acquire(cluster.superuser(), reading).reused() == false);
  pool.close_all();
  CHECK(seen_soon("pool_same", "0 ") == "0 ");
}

TEST_CASE("a read-write session is cleaned, a dirty or broken one closed") {
  auto& cluster = ThrowawayCluster::shared();
  Pool pool{cluster.driver(), cluster.secrets()};
  fleet::ConnectOptions const writing{.application_name = "pool_clean"};
  int pid = 0;
  {
    auto lease = pool.acquire(cluster.admin(), writing);
    pid = lease->backend_pid();
    lease->script("create temp table t (n int); select pg_advisory_lock(1); set work_mem = '1MB'");
  }
  {
    auto lease = pool.acquire(cluster.admin(), writing);
    CHECK(lease->backend_pid() == pid);
    CHECK(one(*lease, "select to_regclass('pg_temp.t') is null") == "t");
    CHECK(one(*lease, "select count(*) from pg_locks where locktype = 'advisory'") == "0");
    lease->begin(Access::read_write);
  }
  {
    auto lease = pool.acquire(cluster.admin(), writing);
    CHECK_FALSE(lease.reused());
    CHECK_FALSE(lease->in_transaction());
    pid = lease->backend_pid();
  }
  cluster.run({"select pg_terminate_backend(" + std::to_string(pid) + ", 5000)"});
  {
    auto lease = pool.acquire(cluster.admin(), writing);
    CHECK_FALSE(lease.reused());
    lease.discard();
  }
  CHECK_FALSE(pool.acquire(cluster.admin(), writing).reused());
}

TEST_CASE("the least recently used idle session makes room") {
  auto& cluster = ThrowawayCluster::shared();
  auto const names = databases(4);
  Pool pool{cluster.driver(), cluster.secrets(), 3};
  fleet::ConnectOptions const reading{.access = Access::read_only, .application_name = "pool_lru"};
  for (int i : {0, 1, 2, 0, 3}) pool.acquire(cluster.admin(names[static_cast<std::size_t>(i)]), reading);
  CHECK(seen_soon("pool_lru", "3 pool_1,pool_3,pool_4") == "3 pool_1,pool_3,pool_4");
  pool.close_idle(cluster.superuser(names[0]));  // whoever is logged in there
  CHECK(seen_soon("pool_lru", "2 pool_3,pool_4") == "2 pool_3,pool_4");
}

// max_connections 40, 3 reserved, 20 left to others: 17.
constexpr int bound = 17;

TEST_CASE("the server's bound is reached and holds under load") {
  auto& cluster = ThrowawayCluster::shared();
  auto const names = databases(bound + 3);
  CountingDriver driver{cluster.driver()};
  Pool pool{driver, cluster.secrets()};
  fleet::ConnectOptions const reading{.access = Access::read_only};
  {
    std::vector<Pool::Lease> held;
    for (int i = 0; i < bound; ++i)
      held.push_back(pool.acquire(cluster.admin(names[static_cast<std::size_t>(i)]), reading));
    CHECK(driver.most() == bound);
  }
  std::atomic<std::size_t> next = 0;
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < bound + 7; ++t)
      threads.emplace_back([&] {
        for (std::size_t i; (i = next++) < 100;) try {
            pool.acquire(cluster.admin(names[i % names.size()]), reading)->query("select pg_sleep(0.002)");
          } catch (Error const&) {
            ++failed;
          }
      });
  }
  CHECK(failed == 0);
  CHECK(driver.most() == bound);
}

TEST_CASE("waiting for a session ends when it is interrupted") {
  auto& cluster = ThrowawayCluster::shared();
  Pool pool{cluster.driver(), cluster.secrets(), 1};
  auto held = pool.acquire(cluster.admin(), {});
  std::stop_source source;
  std::jthread stopper{[&] { source.request_stop(); }};
  try {
    pool.acquire(cluster.admin(), {}, source.get_token());
    CHECK(false);
  } catch (Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::interrupted);
  }
  CHECK(one(*held, "select 1") == "1");
}
