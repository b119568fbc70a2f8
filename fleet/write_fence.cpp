#include "fleet/write_fence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/write_fence_privileges.hpp"
#include "fleet/write_fence_record.hpp"
#include "fleet/write_fence_sessions.hpp"
#include "fleet/write_fence_settings.hpp"

namespace fleet {
namespace {

using Statements = std::vector<std::string>;

// A fenced database makes every transaction read-only that does not say otherwise.
constexpr std::string_view fencing =
    "set transaction read write; set local lock_timeout = '10s'; set local search_path = ''";

std::string scope_of(Tenant const& tenant) {
  return tenant.placement == Placement::schema ? tenant.schema_name : "";
}

std::string place_of(Tenant const& tenant) {
  return tenant.placement == Placement::schema ? "schema " + tenant.schema_name
                                               : "database " + tenant.database_name;
}

std::vector<HeldPrivilege> open_privileges(Session& session, std::string const& scope, FenceLevel level) {
  return privileges_of(
      session.query({open_privileges_sql(), {scope, level == FenceLevel::suspended ? "t" : "f"}}));
}

class FenceWork {
 public:
  FenceWork(Session& session, FenceRequest const& request)
      : session_(session), request_(request), scope_(scope_of(request.tenant)), record_(session, scope_) {}

  FenceChange raise();
  FenceChange lower();
  Statements raising();
  Statements lowering();
  Fence state();

 private:
  // One of us at a time in a database: another would save the revoked state.
  void lock();
  void check_holder(std::string const& what) const;
  void check_revocable(std::vector<HeldPrivilege> const& open);
  enum class Saving { yes, no };
  Statements admit(Saving saving);
  std::vector<FenceSetting> missing_settings() { return fleet::missing_settings(session_, scope_, notes_); }
  void told(std::vector<std::string> notes) { notes_.insert(notes_.end(), notes.begin(), notes.end()); }
  Statements give_back(std::vector<HeldPrivilege> held);
  void send(Statements const& statements);
  FenceChange end(bool changed);

  Session& session_;
  FenceRequest const& request_;
  std::string scope_;
  FenceRecord record_;
  std::vector<std::string> notes_;
};

void FenceWork::lock() {
  try {
    session_.query(
        {"select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))", {"tenantsh.fence"}});
  } catch (Error& error) {
    if (error.sqlstate != "55P03") throw;
    throw Error{ErrorKind::locked,
                "somebody else is raising or lowering the write fence of " + place_of(request_.tenant)}
        .with_hint("wait for it, then look: tenantsh tenants fence --tenants " + request_.tenant.slug)
        .at_tenant(request_.tenant.slug);
  }
}

void FenceWork::check_holder(std::string const& what) const {
  if (record_.row.state != FenceState::up || request_.take || record_.row.run_id.empty() ||
      record_.row.run_id == request_.run_id)
    return;
  throw Error{ErrorKind::refused,
              fmt::format("the write fence of {} is held by run {} ({}, since {}{}): {}",
                          request_.tenant.slug, record_.row.run_id, record_.row.by, record_.row.since,
                          record_.row.reason.empty() ? "" : ", \"" + record_.row.reason + "\"", what)}
      .with_hint("that run puts it back when it ends or is resumed: tenantsh runs show " +
                 record_.row.run_id + "; when it never will: take = true")
      .at_tenant(request_.tenant.slug);
}

// What could not be revoked, or not be given back as it was, is refused before anything changes.
void FenceWork::check_revocable(std::vector<HeldPrivilege> const& open) {
  std::string const admin = session_.query("select session_user::text").value().value_or("");
  for (HeldPrivilege const& one : open) {
    if (one.may) continue;
    throw Error{ErrorKind::refused, fmt::format("{} cannot be revoked: its owner {} is no role of {}",
                                                describe(one), one.owner, admin)}
        .with_hint(fmt::format("have a superuser run: grant {} to {}", session_.quote_identifier(one.owner),
                               session_.quote_identifier(admin)))
        .at_tenant(request_.tenant.slug);
  }
  std::set<std::string> grantors;
  for (HeldPrivilege const& one : open)
    if (one.grantor != one.owner) grantors.insert(one.grantor);
  for (std::string const& grantor : grantors) {
    std::string const name = session_.quote_identifier(grantor);
    if (session_.query({"select pg_catalog.pg_has_role($1, 'MEMBER')", {grantor}}).value() == "t") continue;
    try {
      session_.script("savepoint becoming; grant " + name + " to session_user; set local role " + name +
                      "; reset role; rollback to savepoint becoming");
    } catch (Error const& error) {
      if (error.sqlstate.empty()) throw;
      throw Error{
          ErrorKind::refused,
          fmt::format("{} has passed on privileges that only {} itself can give back", grantor, grantor)}
          .with_detail(error.message)
          .with_hint(
              fmt::format("have a superuser run: grant {} to {}", name, session_.quote_identifier(admin)))
          .at_tenant(request_.tenant.slug);
    }
  }
}

// So that the admin still gets in where everybody else is kept out.
Statements FenceWork::admit(Saving saving) {
  if (request_.level != FenceLevel::suspended) return {};
  bool const whole = scope_.empty();
  std::string const kind = whole ? "database" : "schema", privilege = whole ? "CONNECT" : "USAGE";
  Result const place = session_.query(
      {R"sql(select p.oid, (select r.rolname from pg_catalog.pg_roles r where r.oid = p.owner) as owner,
      p.name, u.rolsuper or exists (select from pg_catalog.aclexplode(p.acl) x
      where x.grantee = u.oid and x.privilege_type = $2) as enters from (select d.oid, d.datdba as
      owner, d.datname as name, d.datacl as acl from pg_catalog.pg_database d
      where $1 = '' and d.datname = current_database() union all select n.oid, n.nspowner, n.nspname,
      n.nspacl from pg_catalog.pg_namespace n where n.nspname = $1) p, pg_catalog.pg_roles u
      where u.rolname = session_user)sql",
       {scope_, privilege}});
  if (place.empty() || place.text(0, "enters") == "t") return {};
  if (saving == Saving::yes)
    record_.save_added(kind, place.text(0, "name"), place.text(0, "oid"), place.text(0, "owner"), privilege);
  return {fmt::format("grant {} on {} {} to session_user", whole ? "connect" : "usage", kind,
                      session_.quote_identifier(place.text(0, "name")))};
}

Statements FenceWork::give_back(std::vector<HeldPrivilege> held) {
  std::vector<HeldPrivilege> added;
  std::copy_if(held.begin(), held.end(), std::back_inserter(added),
               [](auto const& one) { return one.added; });
  std::erase_if(held, [](auto const& one) { return one.added; });
  std::set<std::string> grantors;
  for (HeldPrivilege const& one : held)
    if (one.grantor != one.owner) grantors.insert(one.grantor);
  std::vector<std::string> strangers;
  for (std::string const& grantor : grantors)
    if (session_.query({"select pg_catalog.pg_has_role($1, 'MEMBER')", {grantor}}).value() != "t")
      strangers.push_back(grantor);
  Statements statements = grant_sql(session_, held, strangers);
  for (std::string& statement : revoke_sql(session_, added)) statements.push_back(std::move(statement));
  return statements;
}

void FenceWork::send(Statements const& statements) {
  if (!statements.empty()) session_.script(fmt::format("{}", fmt::join(statements, ";\n")));
}

Fence FenceWork::state() {
  record_.read();
  if (record_.row.state != FenceState::up) return record_.row;
  for (HeldPrivilege const& one : open_privileges(session_, scope_, record_.row.level))
    record_.row.gaps.push_back(describe(one));
  for (FenceSetting const& one : missing_settings())
    record_.row.gaps.push_back(fmt::format("default_transaction_read_only is {} for {}",
                                           one.former.value_or("off"),
                                           one.role.empty() ? "the database" : one.role));
  return record_.row;
}

FenceChange FenceWork::end(bool changed) {
  std::vector<std::string> notes = std::exchange(notes_, {});
  return {changed, state(), std::move(notes)};
}

FenceChange FenceWork::raise() {
  bool changed = false;
  {
    Transaction transaction{session_, Access::read_write, fencing};
    lock();
    refuse_prepared(session_, request_.tenant);
    record_.make_tables();
    record_.read();
    if (record_.row.state == FenceState::carried) {
      record_.adopt_copy(request_);
      changed = true;
    }
    if (record_.row.state == FenceState::up && record_.row.level != request_.level)
      check_holder("its level stays");
    if (record_.row.state != FenceState::down && record_.row.level == FenceLevel::suspended &&
        request_.level == FenceLevel::read_only) {
      told(record_.forget_what_is_gone());
      send(give_back(record_.privileges(true)));
      record_.forget_suspended();
      changed = true;
    }
    if (record_.row.state == FenceState::down || record_.row.level != request_.level) {
      record_.write(request_);
      changed = true;
    }
    auto const open = open_privileges(session_, scope_, request_.level);
    check_revocable(open);
    record_.save(request_.level);
    std::vector<FenceSetting> const settings = missing_settings();
    record_.save(settings);
    Statements statements = admit(Saving::yes);
    for (std::string& statement : revoke_sql(session_, open)) statements.push_back(std::move(statement));
    for (FenceSetting const& one : settings) statements.push_back(set_sql(session_, one.role, "on"));
    send(statements);
    auto const left = open_privileges(session_, scope_, request_.level);
    if (!left.empty())
      throw Error{ErrorKind::failed,
                  "the write fence would leak: " + describe(left.front()) + " cannot be revoked"}
          .with_hint("nothing was changed; look who granted it")
          .at_tenant(request_.tenant.slug);
    changed = changed || !open.empty() || !settings.empty();
    if (changed) record_.mark_drained(false);
    transaction.commit();
  }
  if (changed || !record_.drained) {
    for (std::string& note : end_sessions(session_, scope_)) notes_.push_back(std::move(note));
    try {
      refuse_prepared(session_, request_.tenant);
    } catch (Error const&) {  // prepared between the look and the fence
      if (record_.row.state == FenceState::down) lower();
      throw;
    }
    Transaction transaction{session_, Access::read_write, fencing};
    record_.mark_drained(true);
    transaction.commit();
  }
  return end(changed);
}

FenceChange FenceWork::lower() {
  {
    Transaction transaction{session_, Access::read_write, fencing};
    lock();
    record_.read();
    if (record_.row.state == FenceState::down) {
      transaction.commit();
      return end(false);
    }
    check_holder("it stays up");
    if (record_.row.state == FenceState::carried) record_.adopt_copy(request_);
    send(lowering());
    record_.check_restored(request_.tenant.slug);
    record_.forget();
    transaction.commit();
  }
  return end(true);
}

// The statements of a fence that is up, within the caller's transaction when it may write.
Statements FenceWork::lowering() {
  if (!record_.kept()) return {};
  record_.read();
  if (record_.row.state == FenceState::down) return {};
  // A plan cannot write down what is gone; it names it.
  if (session_.query("select current_setting('transaction_read_only')").value() == "off")
    told(record_.forget_what_is_gone());
  Statements statements;
  for (FenceSetting const& one : record_.settings())
    statements.push_back(set_sql(session_, one.role, one.former));
  for (std::string& statement : give_back(record_.privileges(false)))
    statements.push_back(std::move(statement));
  return statements;
}

Statements FenceWork::raising() {
  Statements statements;
  refuse_prepared(session_, request_.tenant);
  record_.read();
  if (record_.row.state != FenceState::down && record_.row.level == FenceLevel::suspended &&
      request_.level == FenceLevel::read_only)
    statements = give_back(record_.privileges(true));
  for (std::string& statement : admit(Saving::no)) statements.push_back(std::move(statement));
  for (std::string& statement : revoke_sql(session_, open_privileges(session_, scope_, request_.level)))
    statements.push_back(std::move(statement));
  for (FenceSetting const& one : missing_settings()) statements.push_back(set_sql(session_, one.role, "on"));
  if (!statements.empty() && scope_.empty())
    statements.push_back("select pg_terminate_backend(pid) -- the sessions from before");
  return statements;
}

}  // namespace

std::string_view to_string(FenceLevel level) {
  return level == FenceLevel::suspended ? "suspended" : "read_only";
}

std::string_view to_string(FenceState state) {
  switch (state) {
    case FenceState::down: return "down";
    case FenceState::up: return "up";
    case FenceState::carried: return "carried";
  }
  return "";
}

FenceChange raise_fence(Session& admin, FenceRequest const& request) {
  return FenceWork{admin, request}.raise();
}

FenceChange lower_fence(Session& admin, FenceRequest const& request) {
  return FenceWork{admin, request}.lower();
}

Fence fence_state(Session& admin, Tenant const& tenant) {
  FenceRequest const request{.tenant = tenant};
  return FenceWork{admin, request}.state();
}

std::vector<std::string> raising_sql(Session& admin, FenceRequest const& request) {
  Transaction const reading{admin, Access::read_only, "set local search_path = ''"};
  return FenceWork{admin, request}.raising();
}

std::vector<std::string> lowering_sql(Session& admin, FenceRequest const& request) {
  Transaction const reading{admin, Access::read_only, "set local search_path = ''"};
  return FenceWork{admin, request}.lowering();
}

}  // namespace fleet
