#include "migrations/engine/seed_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "migrations/engine/parse_tree.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

namespace {

using Json = nlohmann::json;

class Reader {
 public:
  void walk(Json const& node) {
    if (node.is_array()) {
      for (Json const& item : node) walk(item);
    } else if (node.is_object()) {
      for (auto const& [key, value] : node.items()) {
        take(key, value);
        walk(value);
      }
    }
  }
  std::vector<TableWrite> writes;

 private:
  void take(std::string const& kind, Json const& statement) {
    if (kind == "InsertStmt") {
      insert(statement);
    } else if (kind == "UpdateStmt") {
      add_names(statement, "targetList", write_of(statement.at("relation")).sets);
    } else if (kind == "DeleteStmt" || kind == "MergeStmt") {
      write_of(statement.at("relation"));
    } else if (kind == "TruncateStmt") {
      for (Json const& relation : statement.at("relations")) write_of(relation.at("RangeVar"));
    }
  }

  void insert(Json const& statement) {
    TableWrite& write = write_of(statement.at("relation"));
    if (!statement.contains("cols")) write.every_column = true;
    add_names(statement, "cols", write.inserts);
    if (!statement.contains("onConflictClause")) return;
    Json const& clause = statement.at("onConflictClause");
    add_names(clause, "targetList", write.sets);
    if (!write.conflicts.empty() || !clause.contains("infer")) return;
    for (Json const& element : clause.at("infer").value("indexElems", Json::array()))
      if (std::string const name = element.at("IndexElem").value("name", ""); !name.empty())
        write.conflicts.push_back(name);
  }

  static void add_names(Json const& node, char const* list, std::vector<std::string>& names) {
    for (Json const& target : node.value(list, Json::array())) {
      std::string const name = target.at("ResTarget").value("name", "");
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }

  TableWrite& write_of(Json const& relation) {
    std::string const schema = relation.value("schemaname", ""), table = relation.value("relname", "");
    auto found = std::find_if(writes.begin(), writes.end(), [&](TableWrite const& write) {
      return write.schema == schema && write.table == table;
    });
    if (found != writes.end()) return *found;
    writes.push_back({schema, table, false, {}, {}, {}});
    return writes.back();
  }
};

}  // namespace

std::vector<TableWrite> table_writes(std::string_view sql) {
  Reader reader;
  for (Piece const& piece : split_statements(sql))
    visit_parse_tree(piece.sql, [&](Json const& tree) { reader.walk(tree); });
  return std::move(reader.writes);
}

}  // namespace migrations
