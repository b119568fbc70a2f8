#include "migrations/engine/operator_edit.hpp"

#include <algorithm>

#include "fleet/error.hpp"

namespace migrations {

namespace {

// An expression for another value of the same type and, for texts, the same length; empty for types that we
// know none for. `c` is the quoted column.
std::string other_value(ColumnShape const& column, std::string const& c) {
  std::string const& type = column.type;
  auto is = [&type](char const* prefix) { return type.rfind(prefix, 0) == 0; };
  switch (column.category) {
    case 'S':
      return "case when " + c + " is null or " + c + " = '' then '~' when pg_catalog.left(" + c +
             "::text, 1) = '~' then '!' || pg_catalog.substr(" + c +
             "::text, 2) else '~' || pg_catalog.substr(" + c + "::text, 2) end";
    case 'N':
      return "case when " + c + " > 0::" + type + " then " + c + " - 1 else coalesce(" + c + ", 0) + 1 end";
    case 'B': return "not coalesce(" + c + ", false)";
    case 'D':
      return is("time") && !is("timestamp") ? "coalesce(" + c + ", '12:00') + interval '1 hour'"
                                            : "coalesce(" + c + ", '2001-02-03') - interval '1 day'";
    case 'T': return "coalesce(" + c + ", interval '0') + interval '1 day'";
    case 'A': return "pg_catalog.array_append(" + c + ", null)";
    case 'E':
      return "(select e from pg_catalog.unnest(pg_catalog.enum_range(null::" + type +
             ")) e where e is distinct from " + c + " limit 1)";
    default: break;
  }
  if (type == "uuid") return "pg_catalog.gen_random_uuid()";
  if (type == "jsonb") return "pg_catalog.jsonb_build_object('edited', " + c + ")";
  if (type == "json") return "pg_catalog.json_build_object('edited', " + c + ")";
  if (type == "bytea") return "coalesce(" + c + ", '') || '\\x00'::bytea";
  return {};
}

// Runs it, or leaves everything as it was.
bool attempt(fleet::Session& session, std::string const& sql) {
  session.query("savepoint attempt");
  try {
    session.query(sql);
  } catch (fleet::Error const& error) {
    if (error.kind != fleet::ErrorKind::sql) throw;
    session.query("rollback to savepoint attempt");
    return false;
  }
  session.query("release savepoint attempt");
  return true;
}

void take_rules_away(fleet::Session& session, TableShape const& table) {
  fleet::Result const rules = session.query(
      {"select pg_catalog.quote_ident(conname) as name from pg_catalog.pg_constraint where conrelid = "
       "$1::regclass and contype in ('c', 'f') and coninhcount = 0",
       {table.quoted}});
  for (std::size_t row = 0; row < rules.rows(); ++row)
    session.query("alter table " + table.quoted + " drop constraint if exists " + rules.text(row, "name"));
  session.query("alter table " + table.quoted + " disable trigger user");
}

bool add_row(fleet::Session& session, TableShape const& table) {
  std::string names, values;
  for (ColumnShape const& column : table.columns) {
    if (column.computed) continue;
    std::string const value = column.in_unique ? other_value(column, column.quoted) : column.quoted;
    if (value.empty()) return false;
    names += (names.empty() ? "" : ", ") + column.quoted;
    values += (values.empty() ? "" : ", ") + ("(" + value + ")::" + column.type);
  }
  return !names.empty() && attempt(session, "insert into " + table.quoted + " (" + names + ") select " +
                                                values + " from " + table.quoted + " limit 1");
}

}  // namespace

OperatorEdit edit_as_operator(fleet::Session& session, TableShape const& table) {
  OperatorEdit edit;
  take_rules_away(session, table);
  edit.added_row = add_row(session, table);
  std::string all;
  std::vector<std::pair<std::string, std::string>> assignments;
  for (ColumnShape const& column : table.columns) {
    if (column.in_unique || column.computed) continue;
    std::string const value = other_value(column, column.quoted);
    if (value.empty()) {
      edit.untouched.push_back(column.name);
      continue;
    }
    std::string const assignment = column.quoted + " = (" + value + ")::" + column.type;
    all += (all.empty() ? "" : ", ") + assignment;
    assignments.emplace_back(column.name, assignment);
  }
  if (all.empty()) return edit;
  bool const at_once = attempt(session, "update " + table.quoted + " set " + all);
  for (auto const& [name, assignment] : assignments) {
    bool const done = at_once || attempt(session, "update " + table.quoted + " set " + assignment);
    (done ? edit.edited : edit.untouched).push_back(name);
  }
  return edit;
}

}  // namespace migrations
