#include "fleet/structure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/structure_sql.hpp"

namespace fleet {
namespace {

constexpr char property_end = '\x1e', name_end = '\x1f';

// What PostgreSQL's deparser and printing of constants look at.
constexpr std::array<std::pair<char const*, char const*>, 9> settings{{{"search_path", ""},
                                                                       {"TimeZone", "UTC"},
                                                                       {"DateStyle", "ISO, YMD"},
                                                                       {"IntervalStyle", "postgres"},
                                                                       {"bytea_output", "hex"},
                                                                       {"extra_float_digits", "1"},
                                                                       {"quote_all_identifiers", "off"},
                                                                       // One big statement over small tables:
                                                                       // compiling it costs more than it
                                                                       // saves.
                                                                       {"jit", "off"},
                                                                       {"work_mem", "64MB"}}};

// Made in an open transaction and put back, or in one of our own.
class PlainSettings {
 public:
  explicit PlainSettings(Session& session) : session_(session) {
    if (!session.in_transaction()) own_.emplace(session, Access::read_only);
    std::string read = "select ", write = read;
    for (auto const& [name, value] : settings) {
      std::string const comma = name == settings.front().first ? "" : ", ";
      read += fmt::format("{}pg_catalog.current_setting('{}')", comma, name);
      write += fmt::format("{}pg_catalog.set_config('{}', '{}', true)", comma, name, value);
    }
    if (!own_) before_ = session.query(read);
    session.query(write);
  }
  // Not called when a statement failed: the transaction ends then anyway.
  void put_back() {
    if (own_) return own_->commit();
    Statement statement{"select ", {}};
    for (std::size_t i = 0; i < settings.size(); ++i) {
      statement.sql += fmt::format("{}pg_catalog.set_config('{}', ${}, true)", i == 0 ? "" : ", ",
                                   settings[i].first, i + 1);
      statement.params.push_back(std::string{before_.at(0, i).value_or("")});
    }
    session_.query(statement);
  }

 private:
  Session& session_;
  std::optional<Transaction> own_;
  Result before_;
};

// A text[] in PostgreSQL's text format.
std::string array_text(std::vector<std::string> const& items) {
  std::string text = "{";
  for (std::string const& item : items) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

Result ask(Session& session, std::string sql, std::optional<std::vector<std::string>> const& schemas) {
  PlainSettings plain{session};
  Statement statement{std::move(sql), {std::nullopt}};
  if (schemas) statement.params[0] = array_text(*schemas);
  Result result = session.query(statement);
  plain.put_back();
  return result;
}

std::optional<std::vector<std::string>> schemas_of(StructureScope const& scope) {
  if (scope.schema_name.empty()) return std::nullopt;
  return std::vector<std::string>{scope.schema_name};
}

[[noreturn]] void no_such_schema(Session& session, StructureScope const& scope) {
  throw Error{ErrorKind::not_found,
              "database " + session.database() + " has no schema " + in_quotes(scope.schema_name)};
}

// "name US text RS name US text". Text that holds an RS of its own is put together again.
void take_properties(std::string_view list, std::map<std::string, std::string>& properties) {
  std::string* last = nullptr;
  while (!list.empty()) {
    std::string_view const one = list.substr(0, list.find(property_end));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    std::size_t const divider = one.find(name_end);
    if (divider == std::string_view::npos) {
      if (last) *last += property_end + std::string{one};
      continue;
    }
    last = &properties[std::string{one.substr(0, divider)}];
    *last = one.substr(divider + 1);
  }
}

bool is_own_grant(std::string const& property) {
  bool const grant = property.starts_with("granted to ") || property.starts_with("revoked from ");
  return grant && (property.find("{database_name}") != std::string::npos ||
                   property.find("{schema_name}") != std::string::npos);
}

bool by_label(StructureObject const& left, StructureObject const& right) {
  return std::pair{left.kind, left.name} < std::pair{right.kind, right.name};
}

}  // namespace

StructureObject const* Structure::find(std::string_view kind, std::string_view name) const {
  auto const found = std::lower_bound(
      objects.begin(), objects.end(), std::pair{kind, name},
      [](StructureObject const& object, auto const& wanted) {
        return std::pair<std::string_view, std::string_view>{object.kind, object.name} < wanted;
      });
  return found != objects.end() && found->kind == kind && found->name == name ? &*found : nullptr;
}

Structure read_structure(Session& session, StructureScope const& scope) {
  Result const rows = ask(session, structure_rows_sql(session.server_version()), schemas_of(scope));
  if (rows.empty() && !scope.schema_name.empty()) no_such_schema(session, scope);
  Structure structure;
  structure.objects.reserve(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    StructureObject object{rows.text(row, "kind"), rows.text(row, "name"), rows.text(row, "within"), {}};
    take_properties(rows.text(row, "properties"), object.properties);
    take_properties(rows.text(row, "own"), object.properties);
    structure.objects.push_back(std::move(object));
  }
  std::stable_sort(structure.objects.begin(), structure.objects.end(), by_label);
  return structure;
}

StructureDigest structure_digest(Session& session, StructureScope const& scope) {
  Result const rows = ask(session, structure_digests_sql(session.server_version()), schemas_of(scope));
  if (rows.empty() && !scope.schema_name.empty()) no_such_schema(session, scope);
  if (rows.empty()) return {};  // a database without a single schema
  return {rows.text(0, "structure"), rows.text(0, "own_grants")};
}

std::map<std::string, StructureDigest> structure_digests(Session& session,
                                                         std::vector<std::string> const& schemas) {
  Result const rows = ask(session, structure_digests_sql(session.server_version()), schemas);
  std::map<std::string, StructureDigest> found;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    found[rows.text(row, "schema")] = {rows.text(row, "structure"), rows.text(row, "own_grants")};
  return found;
}

Structure without_own_grants(Structure structure) {
  std::erase_if(structure.objects, [](StructureObject& object) {
    bool const had = std::erase_if(object.properties,
                                   [](auto const& property) { return is_own_grant(property.first); }) > 0;
    return had && object.kind == "default privileges" && object.properties.empty();
  });
  return structure;
}

Structure only_own_grants(Structure structure) {
  std::erase_if(structure.objects, [](StructureObject& object) {
    std::erase_if(object.properties, [](auto const& property) { return !is_own_grant(property.first); });
    return object.properties.empty();
  });
  return structure;
}

}  // namespace fleet
