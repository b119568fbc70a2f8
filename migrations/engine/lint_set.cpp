// What the files of a set say together: order, keys without indexes, the baseline.

#include <algorithm>
#include <optional>

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

using Kind = SchemaEvent::Kind;

// CHECK (column IS NOT NULL).
struct NotNullCheck {
  std::string column;
  bool validated = false;
};

struct Table {
  LintPass* made_by = nullptr;
  std::size_t offset = 0;
  std::string kind;                            // of SchemaEvent::type: "temporary", "partition", …
  std::map<std::string, std::string> columns;  // name to type
  bool has_key = false;
  std::optional<std::size_t> tenant_column;  // where it stands
};

struct ForeignKey {
  LintPass* pass;
  SchemaEvent const* event;
};

// Everything that one scope's files make, followed in their order.
class History {
 public:
  explicit History(std::vector<LintPass*> files) : files_(std::move(files)) {
    for (std::size_t i = 0; i < files_.size(); ++i)
      for (SchemaEvent const& event : files_[i]->events)
        if (event.kind == Kind::create_table) created_at_[event.table].push_back(i);
  }

  void run() {
    for (at_ = 0; at_ < files_.size(); ++at_)
      for (SchemaEvent const& event : files_[at_]->events) follow(*files_[at_], event);
    for (ForeignKey const& key : keys_) index_of(key);
    for (auto const& [name, table] : tables_) shape(name, table);
  }

  std::map<ObjectName, Table> const& tables() const { return tables_; }

 private:
  Table* table(ObjectName const& name) {
    auto const found = tables_.find(name);
    return found == tables_.end() ? nullptr : &found->second;
  }

  void follow(LintPass& pass, SchemaEvent const& event) {
    Table* known = table(event.table);
    switch (event.kind) {
      case Kind::create_table: {
        if (known != nullptr && event.name.empty() && known->kind != "temporary")
          pass.report("created-twice", event.offset,
                      event.table.text() + " was created by " + known->made_by->file.name + " already");
        if (known != nullptr && !event.name.empty()) break;
        tables_[event.table] = Table{.made_by = &pass, .offset = event.offset, .kind = event.type};
        break;
      }
      case Kind::drop_table: tables_.erase(event.table); break;
      case Kind::rename_table:
        if (known != nullptr) {
          auto node = tables_.extract(event.table);
          node.key() = event.other;
          tables_.insert(std::move(node));
        }
        break;
      case Kind::foreign_key:
        keys_.push_back({&pass, &event});
        parent(pass, event);
        break;
      case Kind::alter_type:
      case Kind::set_not_null: change(pass, event, known); break;
      case Kind::index:
        // Also of tables that no file makes: another set's, whose foreign key a file adds.
        others_[event.table].push_back(event.columns);
        break;
      case Kind::key:
        if (known != nullptr) known->has_key = true;
        if (!event.columns.empty()) others_[event.table].push_back(event.columns);
        break;
      case Kind::check_not_null: checks_[event.table][event.name] = {event.columns[0], !event.flag}; break;
      case Kind::validate:
        if (auto const checks = checks_.find(event.table); checks != checks_.end())
          if (auto const check = checks->second.find(event.name); check != checks->second.end())
            check->second.validated = true;
        break;
      default: break;
    }
    if (known != nullptr) columns(pass, event, *known);
  }

  void columns(LintPass& pass, SchemaEvent const& event, Table& known) {
    switch (event.kind) {
      case Kind::add_column:
        known.columns[event.name] = event.type;
        if (lowered(event.name) == lowered(pass.settings.tenant_column)) known.tenant_column = event.offset;
        break;
      case Kind::drop_column: known.columns.erase(event.name); break;
      case Kind::rename_column:
        if (auto node = known.columns.extract(event.name)) {
          node.key() = event.type;
          known.columns.insert(std::move(node));
        }
        break;
      case Kind::alter_type: known.columns[event.name] = event.type; break;
      default: break;
    }
  }

  // SET NOT NULL and TYPE on tables that may hold rows, given what earlier files said.
  void change(LintPass& pass, SchemaEvent const& event, Table* known) {
    if (known != nullptr && known->made_by == &pass) return;
    if (pass.file.baseline) return;
    if (event.kind == Kind::set_not_null) {
      if (!proved_not_null(event))
        pass.report(
            "adding-not-nullable-field", event.offset,
            "SET NOT NULL reads all rows of " + event.table.text() + " to find no NULL in " + event.name);
      return;
    }
    std::string before;
    if (known != nullptr)
      if (auto const column = known->columns.find(event.name); column != known->columns.end())
        before = column->second;
    if (!before.empty() && same_on_disk(before, event.type)) return;
    pass.report("changing-column-type", event.offset,
                event.name + " of " + event.table.text() + " becomes " + event.type +
                    (before.empty() ? "" : " instead of " + before));
  }

  // A CHECK (column IS NOT NULL) that was valid from the start, or validated, before this event.
  bool proved_not_null(SchemaEvent const& event) const {
    auto const checks = checks_.find(event.table);
    return checks != checks_.end() &&
           std::any_of(checks->second.begin(), checks->second.end(), [&](auto const& each) {
             return each.second.column == event.name && each.second.validated;
           });
  }

  static bool same_on_disk(std::string const& before, std::string const& after) {
    auto const base = [](std::string const& type) { return type.substr(0, type.find('(')); };
    auto const number = [](std::string const& type, std::size_t which) {
      std::size_t const open = type.find('(');
      if (open == std::string::npos) return -1;
      std::string const inside = type.substr(open + 1);
      std::size_t const comma = inside.find(',');
      if (which == 1 && comma == std::string::npos) return 0;
      return std::atoi(inside.c_str() + (which == 0 ? 0 : comma + 1));
    };
    bool const texts = (base(before) == "varchar" || base(before) == "text") &&
                       (base(after) == "varchar" || base(after) == "text");
    if (texts)
      return number(after, 0) < 0 || (number(before, 0) >= 0 && number(after, 0) >= number(before, 0));
    if (base(before) != "numeric" || base(after) != "numeric") return before == after;
    if (number(after, 0) < 0) return true;
    return number(before, 0) >= 0 && number(after, 0) >= number(before, 0) &&
           number(after, 1) == number(before, 1);
  }

  void parent(LintPass& pass, SchemaEvent const& event) {
    if (event.other == event.table || table(event.other) != nullptr) return;
    auto const created = created_at_.find(event.other);
    if (created == created_at_.end()) return;
    if (created->second.back() < at_) return;  // made and dropped before: another rule's matter
    pass.report("parent-after-child", event.offset,
                event.other.text() + " is created later, by " + files_[created->second.back()]->file.name,
                "create " + event.other.text() + " before " + event.table.text());
  }

  void index_of(ForeignKey const& key) {
    SchemaEvent const& event = *key.event;
    if (event.columns.empty() || key.pass->file.baseline) return;
    for (auto const& index : others_[event.table]) {
      if (index.size() < event.columns.size()) continue;
      auto const end = index.begin() + static_cast<std::ptrdiff_t>(event.columns.size());
      if (std::is_permutation(index.begin(), end, event.columns.begin())) return;
    }
    std::string list;
    for (std::string const& column : event.columns) list += (list.empty() ? "" : ", ") + column;
    key.pass->report("foreign-key-without-index", event.offset,
                     "no index of " + event.table.text() + " begins with " + list,
                     "CREATE INDEX ON " + event.table.text() + " (" + list + ")");
  }

  void shape(ObjectName const& name, Table const& known) {
    LintPass& pass = *known.made_by;
    bool const bare = known.kind.empty() || known.kind == "as";
    if (bare && !known.has_key)
      pass.report("table-without-primary-key", known.offset, name.text() + " has no primary key");
    std::string const& wanted = pass.settings.tenant_column;
    if (!known.tenant_column || pass.file.scope != Scope::tenant || wanted.empty()) return;
    auto const indexes = others_.find(name);
    bool const indexed = indexes != others_.end() &&
                         std::any_of(indexes->second.begin(), indexes->second.end(), [&](auto const& index) {
                           return !index.empty() && lowered(index[0]) == lowered(wanted);
                         });
    if (!indexed)
      pass.report("tenant-column", *known.tenant_column,
                  "no index of " + name.text() + " begins with " + lowered(wanted),
                  "CREATE INDEX ON " + name.text() + " (" + lowered(wanted) + ")");
  }

  std::vector<LintPass*> files_;
  std::size_t at_ = 0;
  std::map<ObjectName, std::vector<std::size_t>> created_at_;  // files
  std::map<ObjectName, Table> tables_;
  std::map<ObjectName, std::vector<std::vector<std::string>>> others_;  // columns of indexes and keys
  std::map<ObjectName, std::map<std::string, NotNullCheck>> checks_;    // by constraint
  std::vector<ForeignKey> keys_;
};

bool compared(Table const& table) { return table.kind != "temporary" && table.kind != "partition"; }

void compare(std::map<ObjectName, Table> const& migrations, std::map<ObjectName, Table> const& baseline,
             LintPass& first_baseline) {
  for (auto const& [name, table] : migrations) {
    if (!compared(table)) continue;
    auto const same = baseline.find(name);
    if (same == baseline.end()) {
      table.made_by->report("baseline-out-of-step", table.offset,
                            name.text() + " is missing in the baseline: new tenants would not have it");
      continue;
    }
    for (auto const& [column, what] : table.columns)
      if (same->second.columns.count(column) == 0)
        same->second.made_by->report("baseline-out-of-step", same->second.offset,
                                     "column " + column + " of " + name.text() +
                                         " is missing in the baseline: new tenants would not have it");
    for (auto const& [column, what] : same->second.columns)
      if (table.columns.count(column) == 0)
        same->second.made_by->report("baseline-out-of-step", same->second.offset,
                                     "column " + column + " of " + name.text() + " is in the baseline only");
  }
  for (auto const& [name, table] : baseline)
    if (compared(table) && migrations.count(name) == 0)
      (table.made_by != nullptr ? *table.made_by : first_baseline)
          .report("baseline-out-of-step", table.offset,
                  name.text() + " is in the baseline only: older tenants do not have it");
}

}  // namespace

void lint_set(std::vector<LintPass*> const& files) {
  for (Scope const scope : {Scope::master, Scope::tenant}) {
    std::vector<LintPass*> steps;
    std::vector<LintPass*> baseline;
    for (LintPass* file : files)
      if (file->file.scope == scope) (file->file.baseline ? baseline : steps).push_back(file);
    History history{steps};
    history.run();
    if (baseline.empty()) continue;
    History whole{baseline};
    whole.run();
    if (!steps.empty()) compare(history.tables(), whole.tables(), *baseline.front());
  }
}

}  // namespace migrations
