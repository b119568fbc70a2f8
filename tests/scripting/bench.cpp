#include "tests/scripting/bench.hpp"

#include <unistd.h>

#include <fstream>

#include "shell/render.hpp"

namespace tests {

namespace {

using scripting::Answer;
using scripting::Arguments;
using scripting::Effect;
using scripting::Json;
using scripting::Method;
using scripting::World;

constexpr char inventory[] = R"({
  "servers": [
    {"name": "pg-1", "region": "eastus2", "host": "/nowhere", "port": 5501, "admin_user": "admin", "status": "active",
     "capacity_tenants": 100},
    {"name": "pg-2", "region": "westus", "host": "/nowhere", "port": 5502, "admin_user": "admin", "status": "active",
     "capacity_tenants": 50}],
  "tenants": [
    {"slug": "acme", "display_name": "Acme", "status": "active", "server": "pg-1", "region": "eastus2",
     "database_name": "tenant_acme", "db_config_ref": "env:ACME", "labels": {"tier": "gold"}},
    {"slug": "beta", "display_name": "Beta", "status": "active", "server": "pg-1", "region": "eastus2",
     "database_name": "tenant_beta"},
    {"slug": "gamma", "display_name": "Gamma", "status": "read_only", "server": "pg-2", "region": "westus",
     "database_name": "tenant_gamma"},
    {"slug": "old", "display_name": "Old", "status": "suspended", "server": "pg-2", "region": "westus",
     "database_name": "tenant_old"}]})";

std::filesystem::path write_inventory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tenantsh-scripting-XXXXXX").string();
  std::filesystem::path folder = ::mkdtemp(pattern.data());
  std::ofstream{folder / "inventory.json"} << inventory;
  return folder;
}

fleet::Environment environment(std::filesystem::path const& folder, fleet::Guard guard) {
  fleet::Environment here;
  here.name = "test";
  here.guard = guard;
  here.master_dsn = "host=/nowhere dbname=master";
  here.servers = {fleet::ListSource::Kind::file, (folder / "inventory.json").string()};
  here.tenants = here.servers;
  here.declared_in = folder / "tenantsh.toml";
  return here;
}

Method drill(std::string name, Effect effect) {
  Method method{.object = "drill", .name = std::move(name), .effect = effect};
  method.parameters = {{.name = "tenant", .type = scripting::Type::tenant, .brief = "whom"}};
  method.run = [](World&, Arguments const&) { return Answer{Json("done"), {}, {}}; };
  if (effect != Effect::read)
    method.describe = [](World&, Arguments const& arguments) {
      return std::vector<std::string>{"delete from t -- " + arguments.text("tenant", "nobody")};
    };
  return method;
}

scripting::Registry registry_with_drill() {
  scripting::Registry registry = scripting::make_registry();
  registry.add(scripting::Object{.name = "drill", .brief = "for tests"});
  registry.add(drill("look", Effect::read));
  registry.add(drill("write", Effect::write));
  registry.add(drill("destroy", Effect::destructive));
  return registry;
}

class TextSink final : public fleet::CopySink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

std::string text_of(World& world, scripting::Value const& value) {
  if (std::holds_alternative<std::monostate>(value)) return "nothing";
  if (auto* json = std::get_if<Json>(&value))
    return json->is_string() ? json->get<std::string>() : json->dump();
  if (auto* card = std::get_if<scripting::Card>(&value)) return card->title;
  if (auto* tenant = std::get_if<scripting::TenantRef>(&value)) return "tenant " + tenant->slug;
  if (auto* server = std::get_if<scripting::ServerRef>(&value)) return "server " + server->name;
  if (auto* tenants = std::get_if<scripting::TenantsRef>(&value))
    return "tenants " + tenants->selection.text();
  if (auto* unknown = std::get_if<scripting::Unknown>(&value)) return "unknown " + unknown->what;
  if (auto* rows = std::get_if<scripting::Rows>(&value)) {
    TextSink sink;
    world.render(sink, rows->result, "csv");
    for (fleet::Error const& failure : rows->failures) sink.text += "failed " + failure.tenant + "\n";
    return sink.text;
  }
  return "something";
}

}  // namespace

std::string ScriptedConsole::ask(runbooks::Question const& question) {
  said += "? " + question.text + "\n";
  std::string answer = answers.front();
  answers.pop_front();
  return answer;
}

Bench::Bench(fleet::Guard guard)
    : registry(registry_with_drill()),
      folder_(write_inventory()),
      secrets_(),
      fleet_({.driver = driver_,
              .secrets = secrets_,
              .clock = clock_,
              .environment = environment(folder_, guard),
              .variables = {}}),
      world{.fleet = fleet_,
            .console = console,
            .gate = gate,
            .who = {},
            .settings = {},
            .shipped = {},
            .home = {},
            .interrupt = {},
            .show = {},
            .render = {}},
      lua(world, registry) {
  driver_.answer = [this](fleet::Endpoint const&, fleet::Statement const& statement) {
    if (statement.sql.find("bad") == std::string::npos) return table;
    fleet::Error error{fleet::ErrorKind::sql, "relation \"bad\" does not exist"};
    error.sqlstate = "42P01";
    error.hint = "look again";
    error.detail = "it is bad";
    error.server = "pg-1";
    error.statement = statement.sql;
    error.position = 15;
    throw error;
  };
  world.show = [this](Answer const& answer) { console.said += rendered(world, answer) + "\n"; };
  world.render = [](fleet::CopySink& sink, fleet::Result const& result, std::string_view format) {
    shell::render(sink, result, {.format = shell::parse_format(format)});
  };
}

Bench::~Bench() { std::filesystem::remove_all(folder_); }

std::string Bench::rendered(World& world, Answer const& answer) {
  std::string text;
  for (std::string const& note : answer.notes) text += "(" + note + ") ";
  text += text_of(world, answer.value);
  if (answer.ended) text += " [" + std::string{to_string(*answer.ended)} + "]";
  return text;
}

std::string Bench::operator()(std::string const& code) {
  try {
    return rendered(world, lua.evaluate(code, "test"));
  } catch (fleet::Error const& error) {
    std::string text = std::string{to_string(error.kind)} + ": " + error.message;
    return error.hint.empty() ? text : text + "; " + error.hint;
  }
}

fleet::Error Bench::error_of(std::string const& code) {
  try {
    lua.evaluate(code, "test");
  } catch (fleet::Error const& error) {
    return error;
  }
  return fleet::Error{fleet::ErrorKind::failed, "no error"};
}

}  // namespace tests
