// The proof that seeds may run again, on a real server.

#include "migrations/engine/seed_proof.hpp"

#include <doctest/doctest.h>

#include "tests/live/fresh_database.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::FreshDatabase;
using tests::SetFolder;

namespace {

constexpr char const* tables = R"sql(
create schema ref;
create table ref.plan (code text primary key, name text not null, price numeric(10, 2) not null default 0 check (price >= 0),
                       active boolean not null default true, loaded_at timestamptz);
create table ref.note (id bigint generated always as identity primary key, text text not null);
create table ref.kind (code text primary key check (length(code) < 9), plan_code text not null references ref.plan (code),
                       seen_at timestamptz not null default now());
)sql";

// "doubles ref.note id=2 text: a → b (3)", one a line; then the seeds that were proved.
std::string proof_of(std::string const& seed, ProofOptions const& options = {}) {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_ref.sql", tables)
      .write("002_seed.sql", "-- tenantsh: seed\n" + seed)
      .write("003_later.sql", "alter table ref.plan add column hint text not null default 'x'");
  auto session = database.connect();
  SeedProof const proof = prove_seeds(*session, folder.load(database.driver()), {}, options);
  std::string text;
  for (SeedFinding const& finding : proof.findings)
    text += std::string{to_string(finding.fault)} + " " + finding.table + " [" + finding.key + "] " +
            finding.column + ": " + finding.before + " -> " + finding.after + " (" +
            std::to_string(finding.rows) + ")\n";
  for (std::string const& name : proof.proved) text += "proved " + name + "\n";
  CHECK(proof.seeds.size() == 1);
  CHECK_FALSE(session->in_transaction());
  return text;
}

}  // namespace

TEST_CASE("a seed that only adds what is missing is proved") {
  CHECK(
      proof_of(
          "insert into ref.plan (code, name, price) values ('A', 'Basic', 10), ('B', 'Plus', 20) on conflict "
          "(code) do nothing;\n"
          "insert into ref.kind (code, plan_code) values ('k', 'A') on conflict do nothing;") ==
      "proved 002_seed.sql\n");
}

TEST_CASE("an insert without a conflict clause is found, with a key and without one") {
  CHECK(proof_of("insert into ref.note (text) values ('hello'), ('again');") ==
        "doubles ref.note [id=5] :  ->  (2)\n");
  std::string const keyed = proof_of("insert into ref.plan (code, name) values ('A', 'Basic');");
  CHECK(keyed == "fails  [] :  ->  (0)\n");
}

TEST_CASE("a seed that takes an operator's edit back is found by table, key and column") {
  std::string const seed =
      "insert into ref.plan as p (code, name, price) values ('A', 'Basic', 10), ('B', 'Plus', 20)\n"
      "on conflict (code) do update set price = excluded.price where p.price is distinct from "
      "excluded.price;";
  CHECK(proof_of(seed) == "overwrites ref.plan [code=A] price: 9.00 -> 10.00 (2)\n");
  CHECK(proof_of(seed, {.overwrites = [](Migration const&) { return true; }}) == "proved 002_seed.sql\n");
  CHECK(proof_of("insert into ref.plan (code, name) values ('A', 'Basic') on conflict do nothing;\n"
                 "update ref.plan set active = true;")
            .find("] active: false -> true (2)\n") != std::string::npos);
  // Rows that are equal after every run, and an operator's row that is gone.
  std::string const rebuilt =
      proof_of("delete from ref.plan;\ninsert into ref.plan (code, name) values ('A', 'Basic');");
  CHECK(rebuilt.find("overwrites ref.plan [code=A] name: ~asic -> Basic (1)\n") != std::string::npos);
  CHECK(rebuilt.find("removes ref.plan [code=~] :  ->  (1)\n") != std::string::npos);
}

TEST_CASE("a value of the moment is found whichever way it comes in") {
  std::string const first = proof_of(
      "insert into ref.plan (code, name, loaded_at) values ('A', 'Basic', now()) on conflict (code) do "
      "nothing;");
  CHECK(first.rfind("volatile ref.plan [code=A] loaded_at: ", 0) == 0);
  std::string const each = proof_of(
      "insert into ref.plan (code, name) values ('A', 'Basic') on conflict (code) do update set loaded_at = "
      "now();");
  CHECK(each.rfind("changes ref.plan [code=A] loaded_at: ", 0) == 0);
  std::string const chance = proof_of(
      "insert into ref.plan (code, name) values (gen_random_uuid()::text, 'Basic') on conflict (code) do "
      "nothing;");
  CHECK(chance.rfind("volatile ref.plan [code=", 0) == 0);
  CHECK(chance.find("doubles ref.plan [code=") != std::string::npos);
  // now() where it says when something changed, and nothing changes: no fault.
  CHECK(proof_of("insert into ref.plan as p (code, name) values ('A', 'Basic') on conflict (code) do update "
                 "set name = "
                 "excluded.name, loaded_at = now() where p.name is distinct from excluded.name;",
                 {.overwrites = [](Migration const&) { return true; }}) == "proved 002_seed.sql\n");
}

TEST_CASE("a seed that a later file breaks, and one that is no transaction, are named") {
  CHECK(proof_of("select 1/0;") == "fails  [] :  ->  (0)\n");
  CHECK(
      proof_of(
          "do $$ begin if to_regclass('ref.note') is not null and exists (select from "
          "information_schema.columns where column_name = 'hint') then raise 'too late'; end if; end $$;") ==
      "fails  [] :  ->  (0)\n");
}
