// One database, many tenants: whose object a statement works on.

#include <array>
#include <optional>

#include "migrations/engine/lint_pass.hpp"
#include "migrations/engine/placeholder.hpp"

namespace migrations {

namespace {

std::string const& stand_in() {
  static std::string const name = parseable(schema_placeholder);
  return name;
}

bool is_shared(std::string const& schema) {
  return schema == "pg_catalog" || schema == "information_schema" || schema == "public" ||
         schema == "extensions" || schema == "pg_temp" || schema == "tenantsh";
}

// What a statement makes, changes or drops.
struct Touched {
  ObjectName name;
  std::size_t at;
};

std::vector<Touched> changed_objects(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  std::vector<Touched> list;
  auto const relation = [&](Node range_var) {
    if (range_var && range_var.text("relpersistence") != "t")
      list.push_back({relation_name(range_var), pass.place(range_var)});
  };
  auto const named = [&](char const* key) {
    if (auto const parts = node.strings(key); !parts.empty())
      list.push_back({object_name(parts), pass.statement->begin});
  };
  if (kind == "ViewStmt") relation(node["view"]);
  if (kind == "CreateSeqStmt" || kind == "AlterSeqStmt") relation(node["sequence"]);
  if (kind == "CreateTableAsStmt") relation(node["into"]["rel"]);
  if (kind == "CompositeTypeStmt") relation(node["typevar"]);
  if (kind == "CreateFunctionStmt") named("funcname");
  if (kind == "CreateDomainStmt") named("domainname");
  if (kind == "CreateEnumStmt" || kind == "AlterEnumStmt") named("typeName");
  if (kind == "TruncateStmt")
    for (Node const& each : node.items("relations")) relation(each.inner());
  if (kind == "GrantStmt")
    for (Node const& each : node.items("objects"))
      if (each.kind() == "RangeVar") relation(each.inner());
  static std::set<std::string_view> const direct{
      "CreateStmt", "AlterTableStmt",    "IndexStmt",      "InsertStmt",       "UpdateStmt",
      "DeleteStmt", "RenameStmt",        "CreateTrigStmt", "CreatePolicyStmt", "AlterObjectSchemaStmt",
      "RuleStmt",   "RefreshMatViewStmt"};
  if (direct.count(kind) != 0) relation(node["relation"]);
  if (kind == "CreatePolicyStmt") relation(node["table"]);
  static std::set<std::string_view> const in_schema{"OBJECT_TABLE",    "OBJECT_INDEX",   "OBJECT_VIEW",
                                                    "OBJECT_SEQUENCE", "OBJECT_MATVIEW", "OBJECT_TYPE",
                                                    "OBJECT_FUNCTION", "OBJECT_DOMAIN",  "OBJECT_PROCEDURE"};
  if (kind == "DropStmt" && in_schema.count(node.text("removeType")) != 0)
    for (Node const& object : node.items("objects")) {
      Node const inner = object.inner();
      auto const parts = object.kind() == "List"       ? inner.strings("items")
                         : object.kind() == "TypeName" ? inner.strings("names")
                                                       : inner.strings("objname");
      list.push_back({object_name(parts), pass.statement->begin});
    }
  return list;
}

void cluster_object(LintPass& pass) {
  static std::array<std::pair<std::string_view, char const*>, 12> const kinds{
      {{"CreateRoleStmt", "CREATE ROLE"},
       {"AlterRoleStmt", "ALTER ROLE"},
       {"AlterRoleSetStmt", "ALTER ROLE"},
       {"DropRoleStmt", "DROP ROLE"},
       {"CreatedbStmt", "CREATE DATABASE"},
       {"AlterDatabaseStmt", "ALTER DATABASE"},
       {"AlterDatabaseSetStmt", "ALTER DATABASE"},
       {"DropdbStmt", "DROP DATABASE"},
       {"CreateTableSpaceStmt", "CREATE TABLESPACE"},
       {"DropTableSpaceStmt", "DROP TABLESPACE"},
       {"AlterSystemStmt", "ALTER SYSTEM"},
       {"GrantRoleStmt", "GRANT of a role"}}};
  for (auto const& [kind, word] : kinds)
    if (pass.kind() == kind)
      pass.report("cluster-object-in-tenant-file",
                  std::string{word} + " concerns the whole server, not one tenant");
}

void schema_placed(LintPass& pass) {
  std::string const& platform = pass.settings.platform_schema;
  for (Touched const& touched : changed_objects(pass)) {
    std::string const& schema = touched.name.schema;
    if (schema.empty()) {
      if (!pass.search_path_set && pass.scratch.count(touched.name.name) == 0)
        pass.report("unqualified-tenant-object", touched.at,
                    touched.name.name + " is looked for in search_path, not in the tenant's schema",
                    "{schema_name}." + touched.name.name);
    } else if (schema != stand_in() && schema != platform && !is_shared(schema)) {
      pass.report("literal-tenant-schema", touched.at,
                  touched.name.text() + " is the same one for every tenant",
                  "{schema_name}." + touched.name.name);
    }
  }
  Node const node = pass.node();
  auto const keys = [&](Node owner) {
    for (MadeConstraint const& made : constraints_of(owner)) {
      ObjectName const parent = relation_name(made.node["pktable"]);
      if (!parent.schema.empty() && parent.schema != stand_in() && parent.schema != platform &&
          !is_shared(parent.schema))
        pass.report("cross-tenant-foreign-key", pass.place(made.node),
                    "the foreign key leads into schema " + parent.schema, "{schema_name}." + parent.name);
    }
  };
  if (pass.kind() == "CreateStmt") keys(node);
  if (pass.kind() == "AlterTableStmt")
    for (Node const& each : node.items("cmds")) keys(each.inner());
  if (pass.kind() == "CreateExtensionStmt")
    pass.report("extension-in-tenant-schema", "extension " + std::string{node.text("extname")} +
                                                  " exists once per database, not per tenant");
}

void platform(LintPass& pass) {
  std::string const& schema = pass.settings.platform_schema;
  if (schema.empty()) return;
  for (Touched const& touched : changed_objects(pass)) {
    bool const of_platform = touched.name.schema == schema;
    if (pass.file.scope == Scope::tenant && of_platform)
      pass.report("platform-object-in-tenant-section", touched.at,
                  touched.name.text() + " belongs to the platform and would be changed once per tenant");
    if (pass.file.scope == Scope::master && !of_platform && !is_shared(touched.name.schema))
      pass.report("platform-prefix", touched.at, touched.name.text() + " is not in schema " + schema,
                  schema + "." + touched.name.name);
  }
}

void security(LintPass& pass) {
  Node const node = pass.node();
  if (pass.kind() == "GrantStmt" && node.flag("is_grant"))
    for (Node const& each : node.items("grantees"))
      if (each.inner().text("roletype") == "ROLESPEC_PUBLIC")
        pass.report("granting-to-public", "every role of the server may from then on");
  if (pass.kind() != "CreateFunctionStmt") return;
  bool definer = false;
  bool path = false;
  for (Node const& each : node.items("options")) {
    Node const option = each.inner();
    definer = definer || (option.text("defname") == "security" && option["arg"].inner().flag("boolval"));
    path = path || (option.text("defname") == "set" && option["arg"].inner().text("name") == "search_path");
  }
  if (definer && !path)
    pass.report(
        "security-definer-without-search-path",
        "function " + object_name(node.strings("funcname")).text() + " runs with its caller's search_path");
}

}  // namespace

void lint_tenancy(LintPass& pass) {
  if (pass.file.scope == Scope::tenant) {
    cluster_object(pass);
    if (pass.file.schema_placed) schema_placed(pass);
  } else if (std::size_t const at = pass.words().find(stand_in()); at != std::string_view::npos) {
    pass.report("tenant-object-in-platform-section", pass.statement->begin + at,
                "{schema_name} means nothing in a platform file");
  }
  platform(pass);
  security(pass);
  for (Touched const& touched : changed_objects(pass))
    if (touched.name.schema.empty() && pass.scratch.count(touched.name.name) == 0)
      pass.report("require-table-schema", touched.at, touched.name.name + " is named without its schema");
}

}  // namespace migrations
