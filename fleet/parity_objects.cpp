#include "fleet/parity_objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/parity_rows.hpp"
#include "fleet/selection.hpp"
#include "fleet/structure_difference.hpp"

namespace fleet {
namespace {

constexpr std::size_t sequences_at_once = 500;

// One reader of a side for as long as this lives; dropped when something was thrown.
class Reading {
 public:
  Reading(ParityReaders& readers, std::stop_token const& stop)
      : readers_(readers), session_(readers.take(stop)), cancel_(std::in_place, *session_, stop) {}
  ~Reading() {
    cancel_.reset();
    if (std::uncaught_exceptions() == 0) readers_.give_back(std::move(session_));
  }
  Reading(Reading const&) = delete;
  Reading& operator=(Reading const&) = delete;
  Session& operator*() const { return *session_; }
  Session* operator->() const { return session_.get(); }

 private:
  ParityReaders& readers_;
  std::unique_ptr<Session> session_;
  std::optional<CancelOnStop> cancel_;
};

// The same question to both sides at once.
template <typename Answer>
std::pair<Answer, Answer> both(ParityPair const& pair, std::stop_token const& stop,
                               std::function<Answer(Session&, ParityPlace const&)> const& ask) {
  auto one = [&](ParityReaders& readers) {
    Reading session{readers, stop};
    return ask(*session, readers.source().place());
  };
  Answer there{};
  std::exception_ptr failure;
  std::optional<Answer> here;
  {
    std::jthread const other{[&] {
      try {
        there = one(pair.there);
      } catch (std::exception const&) {
        failure = std::current_exception();
      }
    }};
    here = one(pair.here);
  }
  if (failure) std::rethrow_exception(failure);
  return {std::move(*here), std::move(there)};
}

// ---- sequences -----------------------------------------------------------------------------------------

struct SequenceState {
  std::int64_t last = 0;
  bool called = false;
  bool readable = true;

  std::string text() const { return std::to_string(last) + (called ? "" : ", not used yet"); }
  bool operator==(SequenceState const&) const = default;
};
using Sequences = std::map<std::string, SequenceState>;

Sequences read_sequences(Session& session, ParityPlace const& place,
                         std::vector<std::string> const& structure, bool relative) {
  Result const list = session.query(fmt::format(
      "select {} as label, n.nspname as schema, pg_catalog.quote_ident(n.nspname) || '.' || "
      "pg_catalog.quote_ident(c.relname) as "
      "quoted, case c.relkind when 'S' then pg_catalog.has_schema_privilege(n.oid, 'usage') and "
      "pg_catalog.has_sequence_privilege(c.oid, 'select') end as readable from pg_catalog.pg_class c join {} "
      "on "
      "n.oid = c.relnamespace where c.relkind = 'S' and c.relpersistence <> 't' and not exists (select from "
      "pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = "
      "c.oid "
      "and d.deptype = 'e')",
      relative ? "pg_catalog.quote_ident(c.relname)"
               : "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)",
      parity_namespaces(place.schema)));
  Sequences all;
  std::string sql;
  auto ask = [&] {
    if (sql.empty()) return;
    Result const states = session.query(sql);
    for (std::size_t row = 0; row < states.rows(); ++row)
      all[states.text(row, "label")] = {to_number(states.at(row, "last_value")),
                                        states.text(row, "is_called") == "t", true};
    sql.clear();
  };
  std::size_t waiting = 0;
  for (std::size_t row = 0; row < list.rows(); ++row) {
    std::string const label = list.text(row, "label"), schema = list.text(row, "schema");
    if (std::any_of(structure.begin(), structure.end(),
                    [&](std::string const& glob) { return matches_glob(glob, schema); }))
      continue;
    if (list.text(row, "readable") != "t") {
      all[label].readable = false;
      continue;
    }
    sql += fmt::format("{}select {} as label, last_value, is_called from {}",
                       sql.empty() ? "" : " union all ", quoted_text(label), list.text(row, "quoted"));
    if (++waiting % sequences_at_once == 0) ask();
  }
  ask();
  return all;
}

ParityFinding sequence_finding(std::string const& label, SequenceState const* here,
                               SequenceState const* there, std::int64_t drift) {
  ParityFinding finding;
  finding.name = "sequence " + label;
  finding.kind = "sequence";
  if (!here || !there) {
    finding.state = here ? ParityState::missing_there : ParityState::missing_here;
    finding.says = (here ? "here " : "there ") + (here ? *here : *there).text();
  } else if (!here->readable || !there->readable) {
    finding.state = ParityState::failed;
    finding.says = fmt::format("may not be read {}: grant select on sequence {}",
                               here->readable ? "there" : "here", label);
  } else {
    std::int64_t const apart = there->last - here->last;
    bool const little = here->called == there->called && (apart < 0 ? -apart : apart) <= drift;
    finding.state = *here == *there ? ParityState::same
                    : little        ? ParityState::within_drift
                                    : ParityState::different;
    finding.says = fmt::format("{} here, {} there{}", here->text(), there->text(),
                               apart < 0   ? ": it would give numbers again that are used here"
                               : apart > 0 ? ": ahead there"
                                           : "");
  }
  return finding;
}

// ---- structures ----------------------------------------------------------------------------------------

bool about_grants(std::string_view property) {
  return property.starts_with("granted to ") || property.starts_with("revoked from ");
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// Roles by the names that they have: a copy keeps the roles of the tenant that it was made from.
Structure with_role_names(Structure structure, ParityPlace const& place) {
  std::string const mark = place.schema.empty() ? "{database_name}" : "{schema_name}";
  std::string const own = place.schema.empty() ? place.endpoint.get("dbname") : place.schema;
  for (StructureObject& object : structure.objects) {
    if (object.kind == "default privileges") object.name = replace_all(object.name, mark, own);
    std::map<std::string, std::string> properties;
    for (auto& [name, text] : object.properties) {
      bool const role = name == "owner" || (object.kind == "policy" && name == "to");
      properties[about_grants(name) ? replace_all(name, mark, own) : name] =
          role ? replace_all(text, mark, own) : text;
    }
    object.properties = std::move(properties);
  }
  std::stable_sort(structure.objects.begin(), structure.objects.end(),
                   [](StructureObject const& a, StructureObject const& b) {
                     return std::pair{a.kind, a.name} < std::pair{b.kind, b.name};
                   });
  return structure;
}

// What is granted on a database or set for it, for every role ("") or one.
struct RoleFact {
  std::string role, name, text;
};
struct DatabaseFacts {
  std::vector<RoleFact> grants, settings;
};

DatabaseFacts read_database(Session& session) {
  auto ask = [&](char const* sql) {
    Result const rows = session.query(sql);
    std::vector<RoleFact> facts;
    for (std::size_t row = 0; row < rows.rows(); ++row)
      facts.push_back({rows.text(row, "role"), rows.text(row, "name"), rows.text(row, "text")});
    return facts;
  };
  // As in fleet/structure.hpp: the owner by its part, not by its name.
  return {
      ask("select case when a.grantee = 0 then 'PUBLIC' when a.grantee = d.datdba then '{owner}' else "
          "r.rolname "
          "end as role, 'granted to' as name, pg_catalog.string_agg(a.privilege_type || case when "
          "a.is_grantable "
          "then ' with grant option' else '' end, ', ' order by a.privilege_type) as text from "
          "pg_catalog.pg_database d cross join lateral pg_catalog.aclexplode(coalesce(d.datacl, "
          "pg_catalog.acldefault('d', d.datdba))) a left join pg_catalog.pg_roles r on r.oid = a.grantee "
          "where "
          "d.datname = pg_catalog.current_database() group by 1"),
      ask("select coalesce(r.rolname, '') as role, pg_catalog.split_part(c.setting, '=', 1) as name, "
          "pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1) as text from "
          "pg_catalog.pg_db_role_setting s cross join lateral pg_catalog.unnest(s.setconfig) c(setting) left "
          "join pg_catalog.pg_roles r on r.oid = s.setrole where s.setdatabase = (select oid from "
          "pg_catalog.pg_database where datname = pg_catalog.current_database())")};
}

// A role that belongs to the tenant has the name of its database as a word in its own: tenant_acme_app.
std::string own_role(std::string const& role, std::string const& database) {
  auto words = [](std::string text) {
    std::replace(text.begin(), text.end(), '-', '_');
    return "_" + text + "_";
  };
  std::size_t const at = words(role).find(words(database));
  if (database.empty() || at == std::string::npos) return role;
  return role.substr(0, at) + "{database_name}" + role.substr(at + database.size());
}

enum class Roles { by_name, by_part };

// By what is told of them.
std::map<std::string, std::string> told(std::vector<RoleFact> const& facts, ParityPlace const& place,
                                        Roles roles) {
  std::map<std::string, std::string> all;
  for (auto const& [role, name, text] : facts) {
    std::string const who = roles == Roles::by_name ? role : own_role(role, place.endpoint.get("dbname"));
    all[name == "granted to" ? "database: granted to " + who
                             : "setting " + name + (who.empty() ? "" : " of role " + who)] = text;
  }
  return all;
}

struct StructureRead {
  Structure structure;
  DatabaseFacts database;
};

ParityFinding finding_of(StructureDifference const& found) {
  ParityFinding finding;
  finding.name = found.label();
  finding.kind = about_grants(found.property) || found.kind == "default privileges" ? "grant"
                 : found.kind == "extension"                                        ? "extension"
                                                                                    : "structure";
  finding.state = !found.property.empty()                            ? ParityState::different
                  : found.what == StructureDifference::What::missing ? ParityState::missing_there
                                                                     : ParityState::missing_here;
  auto side = [](std::string const& text) { return text.empty() ? std::string{"(none)"} : text; };
  finding.says = found.property.empty()
                     ? (found.what == StructureDifference::What::missing ? found.a : found.b)
                     : fmt::format("{}: {} here, {} there", found.property, side(found.a), side(found.b));
  return finding;
}

void compare_maps(std::map<std::string, std::string> const& here,
                  std::map<std::string, std::string> const& there, std::string const& kind,
                  std::vector<ParityFinding>& findings) {
  std::set<std::string> names;
  for (auto const* side : {&here, &there})
    for (auto const& [name, text] : *side) names.insert(name);
  for (std::string const& name : names) {
    auto const a = here.find(name), b = there.find(name);
    if (a != here.end() && b != there.end() && a->second == b->second) continue;
    ParityFinding finding;
    finding.name = name;
    finding.kind = kind;
    finding.state = a == here.end()    ? ParityState::missing_here
                    : b == there.end() ? ParityState::missing_there
                                       : ParityState::different;
    finding.says = fmt::format("{} here, {} there", a == here.end() ? "(none)" : a->second,
                               b == there.end() ? "(none)" : b->second);
    findings.push_back(std::move(finding));
  }
}

// The settings that a write fence makes.
bool of_a_fence(ParityFinding const& finding) {
  return finding.kind == "grant" ||
         (finding.kind == "setting" && finding.name.find("_read_only") != std::string::npos);
}

// The digest of one large object, 64 KB at a time.
constexpr std::string_view large_objects_sql = R"sql(
select m.oid::bigint as key, pg_catalog.hashtextextended((
  with recursive part(number, bytes) as (
    select 0::bigint, pg_catalog.lo_get(m.oid, 0, 65536)
    union all select number + 1, pg_catalog.lo_get(m.oid, (number + 1) * 65536, 65536) from part
      where pg_catalog.length(bytes) = 65536)
  select pg_catalog.sum(pg_catalog.hashtextextended(number || ':' || pg_catalog.encode(bytes, 'hex'), 0))::text from part), 0) as hash,
  null as place
from pg_catalog.pg_largeobject_metadata m order by 1)sql";

}  // namespace

std::string counted(std::int64_t count, std::string const& one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::vector<ParityFinding> compare_sequences(ParityPair const& pair,
                                             std::vector<std::string> const& structure, std::int64_t drift,
                                             std::stop_token const& stop) {
  auto const [here, there] = both<Sequences>(pair, stop, [&](Session& session, ParityPlace const& place) {
    return read_sequences(session, place, structure, pair.relative);
  });
  std::set<std::string> labels;
  for (auto const* side : {&here, &there})
    for (auto const& [label, state] : *side) labels.insert(label);
  std::vector<ParityFinding> findings;
  for (std::string const& label : labels) {
    auto const a = here.find(label), b = there.find(label);
    ParityFinding finding = sequence_finding(label, a == here.end() ? nullptr : &a->second,
                                             b == there.end() ? nullptr : &b->second, drift);
    if (finding.state != ParityState::same) findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<ParityFinding> compare_structures(ParityPair const& pair, std::vector<std::string>& notes,
                                              std::stop_token const& stop) {
  auto const [here, there] = both<StructureRead>(pair, stop, [](Session& session, ParityPlace const& place) {
    StructureRead read{read_structure(session, {place.schema}), {}};
    if (place.schema.empty()) read.database = read_database(session);
    return read;
  });
  ParityPlace const &a = pair.here.source().place(), &b = pair.there.source().place();
  // Two tenants have roles of their own, a copy those of the original: whichever explains more.
  auto own = difference(here.structure, there.structure);
  auto named = difference(with_role_names(here.structure, a), with_role_names(there.structure, b));
  std::vector<ParityFinding> findings;
  for (StructureDifference const& found : named.size() <= own.size() ? named : own)
    findings.push_back(finding_of(found));
  if (a.schema.empty() && b.schema.empty()) {
    auto add = [&](std::string const& kind, std::vector<RoleFact> DatabaseFacts::*facts) {
      std::vector<ParityFinding> by_name, by_part;
      compare_maps(told(here.database.*facts, a, Roles::by_name),
                   told(there.database.*facts, b, Roles::by_name), kind, by_name);
      compare_maps(told(here.database.*facts, a, Roles::by_part),
                   told(there.database.*facts, b, Roles::by_part), kind, by_part);
      for (ParityFinding& finding : by_name.size() <= by_part.size() ? by_name : by_part)
        findings.push_back(std::move(finding));
    };
    add("grant", &DatabaseFacts::grants);
    add("setting", &DatabaseFacts::settings);
  }
  if (a.fenced || b.fenced) {
    auto const fence = std::partition(findings.begin(), findings.end(),
                                      [](ParityFinding const& finding) { return !of_a_fence(finding); });
    if (auto const count = findings.end() - fence; count > 0)
      notes.push_back(
          fmt::format("not held against {}: {} in grants and settings, since the write fence is up there",
                      a.fenced && b.fenced ? "either side"
                      : a.fenced           ? a.name
                                           : b.name,
                      counted(count, "difference")));
    findings.erase(fence, findings.end());
  }
  return findings;
}

std::vector<ParityFinding> compare_large_objects(ParityPair const& pair, std::size_t show,
                                                 std::stop_token const& stop) {
  ParityFinding finding;
  finding.name = "large objects";
  finding.kind = "large objects";
  std::string const sql{large_objects_sql};
  try {
    Reading here{pair.here, stop}, there{pair.there, stop};
    MergedRows const merged = merge_rows(sql, *here, sql, *there, show, nullptr, stop);
    if (merged.differing == 0) return {};
    finding.state = ParityState::different;
    finding.differing = merged.differing;
    for (DifferingRow const& row : merged.first)
      finding.rows.push_back({row.what,
                              row.times_here,
                              row.times_there,
                              "oid=" + std::to_string(row.here.times > 0 ? row.here.key : row.there.key),
                              {}});
    finding.says = counted(merged.differing, "large object");
  } catch (Error const& error) {
    if (error.kind != ErrorKind::sql) throw;
    finding.state = ParityState::failed;
    finding.says = error.message;
    if (error.sqlstate == "42501")
      finding.says += ": grant select on it to " + pair.here.source().place().endpoint.get("user");
  }
  return {std::move(finding)};
}

}  // namespace fleet
