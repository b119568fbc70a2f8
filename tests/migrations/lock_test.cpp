#include "migrations/engine/lock.hpp"

#include <doctest/doctest.h>

#include "fleet/error.hpp"
#include "fleet/operator.hpp"

using namespace migrations;

namespace {

// Answers every query with one fixed cell, as PgBouncer's backend would.
class PooledSession final : public fleet::Session {
 public:
  fleet::Result query(fleet::Statement const& statement) override {
    asked.push_back(statement);
    fleet::Result result{{{"pg_backend_pid", fleet::type_oid::int4}, {"taken", fleet::type_oid::boolean}}};
    result.append("4711");
    result.append(std::nullopt);  // as PostgreSQL answers in another backend than the one asked for
    return result;
  }
  fleet::Result script(std::string_view) override { return {}; }
  void begin(fleet::Access, std::string_view) override {}
  void commit(std::string_view) override {}
  void rollback() noexcept override {}
  bool in_transaction() const override { return false; }
  bool is_open() const noexcept override { return true; }
  int backend_pid() const noexcept override { return 42; }
  int server_version() const noexcept override { return 150000; }
  std::string database() const override { return "acme"; }
  std::string quote_identifier(std::string_view name) const override { return std::string{name}; }
  std::string quote_literal(std::string_view text) const override { return std::string{text}; }
  std::string password_verifier(std::string const&, std::string const&) const override { return {}; }
  void stream(fleet::Statement const&, fleet::RowSink&) override {}
  void copy_out(std::string_view, fleet::CopySink&) override {}
  void cancel() noexcept override {}

  std::vector<fleet::Statement> asked;
};

}  // namespace

TEST_CASE("a transaction pooler is refused before a lock is taken in some backend of its") {
  PooledSession session;
  try {
    Lock const lock{session, {Scope::tenant, ""}, {}};
    CHECK_MESSAGE(false, "a pooler must be refused");
  } catch (fleet::Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::refused);
    CHECK(error.message ==
          "a connection pooler stands between us and acme (connected to backend 42, answered by 4711)");
    CHECK(error.hint.find("connect past the pooler") != std::string::npos);
  }
  REQUIRE(session.asked.size() == 1);  // nothing after that, no unlock either
  CHECK(session.asked[0].sql ==
        "select pg_catalog.pg_backend_pid(), case when pg_catalog.pg_backend_pid() = $2::integer "
        "then pg_catalog.pg_try_advisory_lock($1::bigint) end");
  CHECK(session.asked[0].params[1] == "42");
}

TEST_CASE("every target of a database has a key of its own") {
  CHECK(lock_key("acme", {Scope::tenant, ""}) == lock_key("acme", {Scope::tenant, ""}));
  CHECK(lock_key("acme", {Scope::tenant, ""}) != lock_key("acme", {Scope::master, ""}));
  CHECK(lock_key("acme", {Scope::tenant, ""}) != lock_key("acme", {Scope::tenant, "a"}));
  CHECK(lock_key("acme", {Scope::tenant, ""}) != lock_key("acme2", {Scope::tenant, ""}));
}

TEST_CASE("a holder's client is looked for on this host only, and by start time") {
  using Client = LockHolder::Client;
  fleet::Operator self = fleet::this_operator();
  CHECK(client_of(self.application_name("migrate acme")) == Client::alive);
  CHECK(client_of(self.application_name("")) == Client::alive);
  self.process.start_time = "1";
  CHECK(client_of(self.application_name("migrate acme")) == Client::dead);
  self.host = "elsewhere";
  CHECK(client_of(self.application_name("migrate acme")) == Client::unknown);
  CHECK(client_of("psql") == Client::unknown);
  CHECK(client_of("") == Client::unknown);
  self = fleet::this_operator();
  self.process.start_time.clear();
  CHECK(client_of(self.application_name("")) == Client::unknown);
}

TEST_CASE("a holder is described for a person") {
  LockHolder const holder{4711,
                          "",
                          "tenantsh ops1 99 5",
                          "admin",
                          "10.0.0.7",
                          "2026-04-27T15:00:00Z",
                          "active",
                          "create index big",
                          "2026-04-27T15:01:00Z",
                          LockHolder::Client::dead};
  CHECK(holder.describe() ==
        "tenantsh ops1 99 5 (backend 4711, user admin, from 10.0.0.7)\n"
        "connected since 2026-04-27T15:00:00Z\n"
        "active since 2026-04-27T15:01:00Z: create index big\n"
        "its client process on this host is dead");
}
