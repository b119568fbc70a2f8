#include "migrations/engine/seed_proof.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/explain.hpp"
#include "migrations/engine/file_run.hpp"
#include "migrations/engine/operator_edit.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/seed_text.hpp"
#include "migrations/engine/seeds.hpp"
#include "migrations/engine/table_rows.hpp"

namespace migrations {

namespace {

using Names = std::vector<std::string>;
using Kind = RowDifference::Kind;

bool holds(Names const& names, std::string const& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What is known of one seed while it is tried.
struct Trial {
  Migration const* file;
  std::string sql;                           // as it runs in the scratch database
  std::map<std::string, TableWrite> writes;  // by "schema.table": what its text says
  std::set<std::string> tables;              // that it writes, as far as seen
  bool runs = true;                          // it did not fail
};

class Proof {
 public:
  Proof(fleet::Session& session, MigrationSet const& set, ProofOptions const& options)
      : session_(session), options_(options), target_{set.scope(), options.apply.schema_name} {}

  SeedProof run(MigrationSet const& set, std::vector<Migration const*> const& chosen);

 private:
  using Images = std::map<std::string, fleet::Result>;

  Trial begin(Migration const& file);
  void first_runs(FileRunner& runner, Trial& trial);
  void second_run(Trial& trial);
  void edited_run(Trial& trial);
  // The seed's text in the open transaction, as its owner.
  void execute(Trial const& trial);
  bool execute_or_report(Trial& trial, char const* which);
  std::vector<TableShape> shapes_of(Trial& trial);
  Images images_of(std::vector<TableShape> const& shapes);
  void report(Trial const& trial, TableShape const& table, std::vector<RowDifference> const& differences,
              std::function<std::pair<SeedFault, std::string>(RowDifference const&)> const& meaning);
  void add(SeedFinding finding) { proof_.findings.push_back(std::move(finding)); }

  fleet::Session& session_;
  ProofOptions const& options_;
  Target target_;
  SeedProof proof_;
};

// Columns that the seed's own text gives values to; empty when its text does not write the table.
Names named_columns(Trial const& trial, TableShape const& table) {
  Names names;
  auto write = trial.writes.find(table.name);
  bool const in_text = write != trial.writes.end();
  for (ColumnShape const& column : table.columns) {
    bool const named = in_text ? (write->second.every_column && !column.computed) ||
                                     holds(write->second.inserts, column.name) ||
                                     holds(write->second.sets, column.name)
                               : holds(trial.file->fills, table.name) && !column.made;
    if (named) names.push_back(column.name);
  }
  return names;
}

// What tells a row from the others: the columns of ON CONFLICT, else a key that `within` holds, else the
// first.
Names row_key(Trial const& trial, TableShape const& table, Names const& within) {
  auto write = trial.writes.find(table.name);
  if (write != trial.writes.end() && !write->second.conflicts.empty()) {
    Names const& conflict = write->second.conflicts;
    if (std::all_of(conflict.begin(), conflict.end(),
                    [&](std::string const& name) { return table.find(name); }))
      return conflict;
  }
  for (Names const& key : table.keys)
    if (std::all_of(key.begin(), key.end(), [&](std::string const& name) { return holds(within, name); }))
      return key;
  return {};
}

Trial Proof::begin(Migration const& file) {
  Trial trial{&file, fill_schema(file.sql, target_.schema_name), {}, {}, true};
  // A name without its schema means the one that the search path finds, once it is there.
  for (TableWrite& write : table_writes(trial.sql)) {
    std::string const name = (write.schema.empty() ? "" : write.schema + ".") + write.table;
    trial.writes[name] = std::move(write);
  }
  for (std::string const& table : file.fills) trial.tables.insert(table);
  return trial;
}

void Proof::execute(Trial const& trial) {
  std::string settings = "reset all; set datestyle = 'ISO'";
  if (!options_.apply.owner.empty())
    settings += "; set local role " + session_.quote_identifier(options_.apply.owner);
  session_.script(settings);
  if (options_.apply.prepare) options_.apply.prepare(session_, *trial.file);
  run_located(*trial.file, trial.sql, 0, [&] { session_.script(trial.sql); });
  session_.script("set constraints all immediate; reset role");
}

// False after a finding. Precondition: savepoint `untouched` stands; it is gone back to on failure.
bool Proof::execute_or_report(Trial& trial, char const* which) {
  try {
    execute(trial);
    return true;
  } catch (fleet::Error const& error) {
    if (error.kind != fleet::ErrorKind::sql && error.kind != fleet::ErrorKind::refused) throw;
    if (error.kind == fleet::ErrorKind::sql) session_.query("rollback to savepoint untouched");
    std::string says = std::string{which} + " run fails: " + error.message;
    if (!error.detail.empty()) says += " (" + error.detail + ")";
    if (error.sqlstate == "23505") says += "; an insert without ON CONFLICT runs only once";
    add({trial.file->name, SeedFault::fails, "", "", "", "", "", 0, says});
    trial.runs = false;
    return false;
  }
}

// Tables that the seed writes: seen in the statistics, said in its text or its header.
std::vector<TableShape> Proof::shapes_of(Trial& trial) {
  std::map<std::string, TableWrite> resolved;
  for (auto& [name, write] : trial.writes) {
    if (!write.schema.empty()) {
      resolved[name] = std::move(write);
      continue;
    }
    auto const found =
        session_.query({"select n.nspname || '.' || c.relname from pg_catalog.pg_class c join "
                        "pg_catalog.pg_namespace n on n.oid = "
                        "c.relnamespace where c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident($1))",
                        {write.table}});
    resolved[found.value().value_or(name)] = std::move(write);
  }
  trial.writes = std::move(resolved);
  for (auto const& [name, write] : trial.writes) trial.tables.insert(name);
  return read_shapes(session_, {trial.tables.begin(), trial.tables.end()});
}

Proof::Images Proof::images_of(std::vector<TableShape> const& shapes) {
  Images images;
  for (TableShape const& table : shapes) images.emplace(table.name, read_rows(session_, table));
  return images;
}

// One finding for each fault, table and column; the first row stands for all.
void Proof::report(Trial const& trial, TableShape const& table, std::vector<RowDifference> const& differences,
                   std::function<std::pair<SeedFault, std::string>(RowDifference const&)> const& meaning) {
  std::vector<SeedFinding> found;
  for (RowDifference const& difference : differences) {
    auto [fault, says] = meaning(difference);
    if (says.empty()) continue;
    auto same = std::find_if(found.begin(), found.end(), [&, which = fault](SeedFinding const& finding) {
      return finding.fault == which && finding.column == difference.column;
    });
    if (same != found.end())
      ++same->rows;
    else
      found.push_back({trial.file->name, fault, table.name, difference.key, difference.column,
                       difference.before, difference.after, 1, says});
  }
  for (SeedFinding& finding : found) add(std::move(finding));
}

void Proof::first_runs(FileRunner& runner, Trial& trial) {
  std::vector<TableShape> shapes;
  Images first;
  if (!trial.file->no_transaction) {
    fleet::Transaction rehearsal{session_, fleet::Access::read_write};
    auto const before = rows_written(session_);
    session_.query("savepoint untouched");
    if (!execute_or_report(trial, "the first")) return;
    for (auto const& [table, rows] : rows_written(session_))
      if (auto was = before.find(table); was == before.end() || was->second != rows)
        trial.tables.insert(table);
    shapes = shapes_of(trial);
    first = images_of(shapes);
  }
  runner.run(*trial.file);
  if (trial.file->no_transaction) {
    add({trial.file->name, SeedFault::unproved, "", "", "", "", "", 0,
         "a no-transaction file cannot be tried and rolled back; write the seed so that it runs in a "
         "transaction"});
    return;
  }
  Images const second = images_of(shapes);
  for (TableShape const& table : shapes) {
    Names const named = named_columns(trial, table);
    if (named.empty()) continue;
    Names key = row_key(trial, table, named);
    if (!std::all_of(key.begin(), key.end(), [&](std::string const& name) { return holds(named, name); }))
      key = {};
    report(trial, table, compare_rows(first.at(table.name), second.at(table.name), key, named),
           [](RowDifference const& difference) {
             // A row whose key or text differs is seen twice: gone and come. Once is enough.
             if (difference.kind == Kind::removed) return std::pair{SeedFault::volatile_, std::string{}};
             return std::pair{
                 SeedFault::volatile_,
                 std::string{"two first runs leave different values: it depends on the time or on chance; "
                             "write the value itself"}};
           });
  }
}

void Proof::second_run(Trial& trial) {
  fleet::Transaction transaction{session_, fleet::Access::read_write};
  session_.query("savepoint untouched");
  auto const before = rows_written(session_);
  if (!execute_or_report(trial, "the second")) return;
  for (auto const& [table, rows] : rows_written(session_))
    if (auto was = before.find(table); was == before.end() || was->second != rows) trial.tables.insert(table);
  std::vector<TableShape> const shapes = shapes_of(trial);
  Images const after = images_of(shapes);
  session_.query("rollback to savepoint untouched");
  Images const then = images_of(shapes);
  for (TableShape const& table : shapes) {
    Names all;
    for (ColumnShape const& column : table.columns) all.push_back(column.name);
    report(
        trial, table, compare_rows(then.at(table.name), after.at(table.name), row_key(trial, table, all), {}),
        [](RowDifference const& difference) {
          switch (difference.kind) {
            case Kind::added:
              return std::pair{SeedFault::doubles,
                               std::string{"a second run adds the row again: insert it with ON CONFLICT … DO "
                                           "UPDATE on a unique key"}};
            case Kind::removed:
              return std::pair{SeedFault::removes, std::string{"a second run deletes the row"}};
            case Kind::changed: break;
          }
          return std::pair{
              SeedFault::changes,
              std::string{"a second run changes the value: set it only where it differs, and to a "
                          "value that does not depend on the run"}};
        });
  }
}

void Proof::edited_run(Trial& trial) {
  if (options_.overwrites && options_.overwrites(*trial.file)) return;
  fleet::Transaction transaction{session_, fleet::Access::read_write};
  std::vector<TableShape> const shapes = shapes_of(trial);
  std::map<std::string, OperatorEdit> edits;
  for (TableShape const& table : shapes) edits.emplace(table.name, edit_as_operator(session_, table));
  Images const edited = images_of(shapes);
  session_.query("savepoint untouched");
  try {
    execute(trial);
  } catch (fleet::Error const& error) {
    if (error.kind != fleet::ErrorKind::sql) throw;
    add({trial.file->name, SeedFault::unproved, "", "", "", "", "", 0,
         "it fails on tables that an operator has edited: " + error.message});
    return;
  }
  for (TableShape const& table : shapes) {
    Names all;
    for (ColumnShape const& column : table.columns) all.push_back(column.name);
    Names const key = row_key(trial, table, all);
    fleet::Result const now = read_rows(session_, table);
    std::size_t const before = proof_.findings.size();
    report(
        trial, table, compare_rows(edited.at(table.name), now, key, {}), [](RowDifference const& difference) {
          if (difference.kind == Kind::removed)
            return std::pair{SeedFault::removes, std::string{"it deletes what an operator added or edited"}};
          // A row that comes back, or in, is what a seed is for.
          if (difference.kind == Kind::added) return std::pair{SeedFault::overwrites, std::string{}};
          return std::pair{
              SeedFault::overwrites,
              std::string{"it takes an operator's edit back: leave the column out of DO UPDATE SET, or say "
                          "`-- tenantsh: overwrite` when these values are nobody else's to edit"}};
        });
    // What could not be edited is judged by the text.
    auto write = trial.writes.find(table.name);
    if (write == trial.writes.end()) continue;
    for (std::string const& column : edits.at(table.name).untouched) {
      bool const told =
          std::any_of(proof_.findings.begin() + static_cast<std::ptrdiff_t>(before), proof_.findings.end(),
                      [&](SeedFinding const& finding) { return finding.column == column; });
      if (!told && holds(write->second.sets, column))
        add({trial.file->name, SeedFault::overwrites, table.name, "", column, "", "", 0,
             "its text sets the column, and would take an operator's edit back (not tried: no other value "
             "for a " +
                 table.find(column)->type + ")"});
    }
  }
}

SeedProof Proof::run(MigrationSet const& set, std::vector<Migration const*> const& chosen) {
  prepare_ledger_explained(session_);
  std::vector<Trial> trials;
  {
    FileRunner runner{session_, target_, options_.apply};
    for (Migration const& file : set.files()) {
      if (std::find(chosen.begin(), chosen.end(), &file) == chosen.end()) {
        if (!file.on_request()) runner.run(file);
        continue;
      }
      if (options_.apply.on_start) options_.apply.on_start(file);
      trials.push_back(begin(file));
      first_runs(runner, trials.back());
    }
  }
  for (Trial& trial : trials) {
    if (trial.runs && !trial.file->no_transaction) second_run(trial);
    if (trial.runs && !trial.file->no_transaction) edited_run(trial);
  }
  std::vector<SeedFinding> ordered;
  for (Trial const& trial : trials) {
    proof_.seeds.push_back(trial.file->name);
    std::size_t const before = ordered.size();
    for (SeedFinding const& finding : proof_.findings)
      if (finding.seed == trial.file->name) ordered.push_back(finding);
    if (ordered.size() == before) proof_.proved.push_back(trial.file->name);
  }
  proof_.findings = std::move(ordered);
  return std::move(proof_);
}

}  // namespace

std::string_view to_string(SeedFault fault) {
  switch (fault) {
    case SeedFault::fails: return "fails";
    case SeedFault::doubles: return "doubles";
    case SeedFault::changes: return "changes";
    case SeedFault::removes: return "removes";
    case SeedFault::volatile_: return "volatile";
    case SeedFault::overwrites: return "overwrites";
    case SeedFault::unproved: return "unproved";
  }
  return "unproved";
}

SeedProof prove_seeds(fleet::Session& session, MigrationSet const& set,
                      std::vector<std::string> const& patterns, ProofOptions const& options) {
  std::vector<Migration const*> const chosen = matching_seeds(set, patterns);
  std::vector<Migration const*> every;
  for (Migration const& file : set.files()) every.push_back(&file);
  stop_at_problems(set, every, options.apply.accepted);
  for (Migration const& file : set.files())
    if (file.language == Language::program && !options.apply.run_program)
      throw fleet::Error{fleet::ErrorKind::refused, file.name + " is a program: the set cannot be built here"}
          .with_hint("keep seeds in a set of SQL files, or prove them with a runner");
  return Proof{session, set, options}.run(set, chosen);
}

}  // namespace migrations
