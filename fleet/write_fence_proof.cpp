#include "fleet/write_fence_proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>

#include "fleet/application_login.hpp"
#include "fleet/error.hpp"

namespace fleet {
namespace {

constexpr std::string_view writing = "set transaction read write";

// The tables, sequences and schemas of the tenant.
std::string in_scope(Tenant const& tenant, Session const& session) {
  return tenant.placement == Placement::schema
             ? "n.nspname = " + session.quote_literal(tenant.schema_name)
             : "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantsh')";
}

// Statements that would write, on objects that the role wrote before where there are some.
struct Targets {
  std::string update, remove, read;  // empty: the tenant has no table
  std::string nextval, sequence;
  std::string create;
};

Targets targets_for(Session& admin, Tenant const& tenant, std::string const& role) {
  Targets targets;
  std::string const scope = tenant.placement == Placement::schema ? tenant.schema_name : "";
  bool const kept = admin.query("select to_regclass('tenantsh.fence_privilege') is not null").value() == "t";
  std::string const order = kept && !role.empty()
                                ? "exists (select from tenantsh.fence_privilege p left join "
                                  "pg_catalog.pg_roles g on g.rolname = p.grantee "
                                  "where p.object_oid = c.oid and p.schema_name = " +
                                      admin.quote_literal(scope) +
                                      " and (p.grantee = '' or pg_catalog.pg_has_role(" +
                                      admin.quote_literal(role) + ", g.oid, 'USAGE'))) desc, c.oid"
                                : "c.oid";
  auto chosen = [&](std::string const& kinds) {
    return admin.query(
        R"sql(select n.nspname as schema, c.relname as name, (select a.attname
      from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and a.attgenerated = '' and a.attidentity <> 'a' order by a.attnum limit 1) as column
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where )sql" +
        in_scope(tenant, admin) + " and c.relkind in (" + kinds + ") order by " + order + " limit 1");
  };
  Result const table = chosen("'r', 'p'");
  if (!table.empty()) {
    std::string const name =
        admin.quote_identifier(table.text(0, "schema")) + "." + admin.quote_identifier(table.text(0, "name"));
    targets.remove = "delete from " + name + " where false";
    targets.update = targets.remove;
    targets.read = "select from " + name + " limit 0";
    if (auto const column = table.at(0, "column")) {
      std::string const quoted = admin.quote_identifier(*column);
      targets.update = "update " + name + " set " + quoted + " = " + quoted + " where false";
    }
    targets.create = "create table " + admin.quote_identifier(table.text(0, "schema")) + ".tenantsh_probe ()";
  }
  Result const sequence = chosen("'S'");
  if (!sequence.empty()) {
    targets.sequence = admin.quote_identifier(sequence.text(0, "schema")) + "." +
                       admin.quote_identifier(sequence.text(0, "name"));
    targets.nextval = "select pg_catalog.nextval(" + admin.quote_literal(targets.sequence) + ")";
  }
  return targets;
}

class Prover {
 public:
  Prover(Session& admin, Tenant const& tenant, FenceLevel level)
      : admin_(admin), tenant_(tenant), level_(level) {}

  void as_application(ProofMeans const& means);
  void in_session(Session& before);
  void as_owners();
  void in_catalog();
  FenceProof take() { return std::move(proof_); }

 private:
  void tried(std::string const& who, std::string attempt, std::function<void()> const& act,
             bool must_hold = true) {
    FenceAttempt made{who, std::move(attempt), "leaks", "", must_hold};
    try {
      act();
    } catch (Error const& error) {
      made.sqlstate = error.sqlstate;
      // 42501: no privilege, 25006: a read-only transaction.
      made.result = error.sqlstate == "42501" || error.sqlstate == "25006"                  ? "blocked"
                    : error.kind == ErrorKind::connect || error.kind == ErrorKind::in_doubt ? "ended"
                                                                                            : "unclear";
      if (error.kind == ErrorKind::interrupted) throw;
    }
    proof_.attempts.push_back(std::move(made));
  }
  // Within a transaction that is rolled back. `settings` go along with BEGIN.
  void tried_in(Session& session, std::string const& who, std::string attempt, std::string const& settings,
                std::string const& statement, bool must_hold = true) {
    if (statement.empty()) return;
    tried(
        who, std::move(attempt),
        [&] {
          Transaction const rolled_back{session, Access::read_write, settings};
          session.query(statement);
        },
        must_hold);
  }
  void as_role(std::string const& role);
  // nextval is not taken back by a rollback: tried only where the catalog says that it must fail.
  void nextval(Session& session, std::string const& role, std::string const& settings,
               Targets const& targets);

  Session& admin_;
  Tenant const& tenant_;
  FenceLevel level_;
  FenceProof proof_;
  std::vector<std::string> done_;  // roles that were tried
};

void Prover::nextval(Session& session, std::string const& role, std::string const& settings,
                     Targets const& targets) {
  if (targets.sequence.empty()) return;
  bool const held = admin_
                        .query({"select pg_catalog.has_sequence_privilege($1, $2, 'USAGE, UPDATE')",
                                {role, targets.sequence}})
                        .value() == "t";
  if (held)
    proof_.attempts.push_back({role, "nextval, BEGIN READ WRITE", "leaks", "", true});
  else
    tried_in(session, role, "nextval, BEGIN READ WRITE", settings, targets.nextval);
}

void Prover::as_application(ProofMeans const& means) {
  if (tenant_.db_config_ref.empty()) {
    proof_.notes.push_back("the tenant has no db_config_ref: nothing was tried as its application");
    return;
  }
  std::unique_ptr<Session> session;
  try {
    session = application_session(tenant_, means);
  } catch (Error const& error) {
    if (error.kind == ErrorKind::interrupted) throw;
    bool const closed = level_ == FenceLevel::suspended && tenant_.placement == Placement::database;
    if (closed && error.sqlstate == "42501") {
      proof_.attempts.push_back({"the application", "connect", "blocked", error.sqlstate, true});
      return;
    }
    proof_.notes.push_back("nothing was tried as the application: " + error.message);
    return;
  }
  if (!session) {
    proof_.notes.push_back(tenant_.db_config_ref + " does not open " + tenant_.database_name +
                           ": nothing was tried as the application");
    return;
  }
  std::string const role = session->query("select session_user::text").value().value_or("");
  done_.push_back(role);
  if (level_ == FenceLevel::suspended && tenant_.placement == Placement::database)
    proof_.attempts.push_back({role, "connect", "leaks", "", true});
  Targets const targets = targets_for(admin_, tenant_, role);
  if (targets.remove.empty()) {
    proof_.notes.push_back("the tenant has no table: nothing was tried");
    return;
  }
  if (level_ == FenceLevel::suspended) tried_in(*session, role, "read", "", targets.read);
  tried(role, "update", [&] { session->query(targets.update); });
  tried_in(*session, role, "update, BEGIN READ WRITE", std::string{writing}, targets.update);
  tried_in(*session, role, "delete, BEGIN READ WRITE", std::string{writing}, targets.remove);
  session->query("set default_transaction_read_only = off");
  tried(role, "update, SET default_transaction_read_only = off", [&] { session->query(targets.update); });
  nextval(*session, role, std::string{writing}, targets);
  tried_in(*session, role, "create table, BEGIN READ WRITE", std::string{writing}, targets.create);
  tried_in(*session, role, "large object, BEGIN READ WRITE", std::string{writing},
           "select pg_catalog.lo_create(0)", false);
}

void Prover::in_session(Session& before) {
  Targets const targets = targets_for(admin_, tenant_, "");
  if (targets.update.empty()) return;
  tried("the application", "update, in a session from before", [&] { before.query(targets.update); });
}

// As a member of the role; where the admin is none, in a transaction that makes it one and is rolled back.
void Prover::as_role(std::string const& role) {
  if (std::find(done_.begin(), done_.end(), role) != done_.end()) return;
  done_.push_back(role);
  std::string const name = admin_.quote_identifier(role);
  bool const member = admin_.query({"select pg_catalog.pg_has_role($1, 'MEMBER')", {role}}).value() == "t";
  std::string const become = std::string{writing} + (member ? "" : "; grant " + name + " to session_user") +
                             "; set local role " + name;
  try {
    Transaction const rehearsal{admin_, Access::read_write, become};
  } catch (Error const& error) {
    if (error.sqlstate.empty()) throw;
    proof_.notes.push_back("nothing was tried as " + role + ": " + error.message);
    return;
  }
  Targets const targets = targets_for(admin_, tenant_, role);
  tried_in(admin_, role, "update, BEGIN READ WRITE", become, targets.update);
  tried_in(admin_, role, "delete, BEGIN READ WRITE", become, targets.remove);
  nextval(admin_, role, become, targets);
  tried_in(admin_, role, "create table, BEGIN READ WRITE", become, targets.create);
}

void Prover::as_owners() {
  Result const owners = admin_.query(
      R"sql(select distinct r.rolname as role from pg_catalog.pg_class c join pg_catalog.pg_namespace n on
      n.oid = c.relnamespace join pg_catalog.pg_roles r on r.oid = c.relowner
      where c.relkind in ('r', 'p', 'S') and not r.rolsuper and )sql" +
      in_scope(tenant_, admin_) + " order by 1 limit 5");
  for (std::size_t row = 0; row < owners.rows(); ++row) as_role(owners.text(row, "role"));
}

// Whatever way a login came by it: a grant, a role, PUBLIC, ownership.
void Prover::in_catalog() {
  Result const found = admin_.query(
      R"sql(select r.rolname as role, format('%I.%I', n.nspname, c.relname) as name
      from pg_catalog.pg_roles r, pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid =
      c.relnamespace where not r.rolsuper and r.rolname <> session_user and (r.rolcanlogin or r.oid =
      c.relowner) and r.rolname <> 'pg_write_all_data' and c.relkind in ('r', 'p', 'v', 'f') and )sql" +
      in_scope(tenant_, admin_) +
      " and pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') order by 1, 2 "
      "limit 3");
  for (std::size_t row = 0; row < found.rows(); ++row)
    proof_.attempts.push_back(
        {found.text(row, "role"), "a privilege to write on " + found.text(row, "name"), "leaks", "", true});
  if (found.empty())
    proof_.attempts.push_back({"every login", "a privilege to write on any table", "blocked", "", true});
}

}  // namespace

std::vector<FenceAttempt> FenceProof::leaks() const {
  std::vector<FenceAttempt> leaking;
  std::copy_if(attempts.begin(), attempts.end(), std::back_inserter(leaking), [](FenceAttempt const& one) {
    return one.must_hold && one.result != "blocked" && one.result != "ended";
  });
  return leaking;
}

std::unique_ptr<Session> application_session(Tenant const& tenant, ProofMeans const& means) {
  auto session = open_login(Secret::parse(tenant.db_config_ref), means.driver, means.secrets,
                            {.application_name = means.application_name,
                             .statement_timeout_ms = 10000,
                             .lock_timeout_ms = 2000,
                             .stop = means.stop});
  if (session->database() != tenant.database_name) return nullptr;
  return session;
}

FenceProof prove_fence(Session& admin, Tenant const& tenant, FenceLevel level, ProofMeans const& means,
                       Session* before) {
  Prover prover{admin, tenant, level};
  if (before) prover.in_session(*before);
  prover.as_application(means);
  prover.as_owners();
  prover.in_catalog();
  return prover.take();
}

}  // namespace fleet
