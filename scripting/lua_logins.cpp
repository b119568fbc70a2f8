// The application's login of one tenant.

#include <fmt/format.h>

#include "fleet/application_login.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::string slug_of(Arguments const& arguments) { return std::get<TenantRef>(arguments.self).slug; }

// Without the place, which a plan need not know: the tenant may not exist yet.
fleet::LoginRequest wanted(World& world, Arguments const& arguments) {
  fleet::LoginRequest request{
      .slug = slug_of(arguments), .role = arguments.text("role"), .rotate = arguments.boolean("rotate")};
  if (std::string const reference = arguments.text("db_config_ref"); !reference.empty())
    request.existing = fleet::Secret::parse(reference);
  else
    request.folder = world.fleet.environment().secrets_folder;
  if (arguments.has("like")) request.like = fleet::Secret::parse(arguments.text("like"));
  return request;
}

// With the place, and logged in there.
struct LoginWork {
  fleet::LoginRequest request;
  fleet::Pool::Lease admin;
};

LoginWork at_server(World& world, Arguments const& arguments, std::string const& what) {
  fleet::LoginRequest request = wanted(world, arguments);
  if (request.role.empty() && !request.like.empty())
    request.role = fleet::login_role(request.like, world.fleet.driver(), world.fleet.secrets());
  fleet::Tenant const tenant = world.fleet.tenant(request.slug);
  fleet::Endpoint const server = world.fleet.endpoint(world.fleet.server(tenant.server));
  request.host = server.get("host");
  request.port = std::stoi(server.get("port"));
  request.database = tenant.database_name;
  return {request, world.fleet.pool().acquire(
                       server, {.application_name = world.who.application_name(what + " " + request.slug)},
                       world.interrupt.get_token())};
}

Answer issue_login(World& world, Arguments const& arguments) {
  auto const [request, admin] = at_server(world, arguments, "issue login");
  return {Json(fleet::issue_login(*admin, request, world.fleet.driver(), world.fleet.secrets()).reference()),
          {},
          {}};
}

Answer withdraw_login(World& world, Arguments const& arguments) {
  auto const [request, admin] = at_server(world, arguments, "withdraw login");
  fleet::withdraw_login(*admin, request, world.fleet.driver(), world.fleet.secrets());
  return {};
}

std::vector<std::string> describe_withdraw_login(World& world, Arguments const& arguments) {
  fleet::LoginRequest const request = wanted(world, arguments);
  std::vector<std::string> effects;
  if (request.existing.empty())
    effects.push_back("delete " + (request.folder / (request.slug + ".dsn")).string());
  if (request.like.empty()) effects.push_back("alter role " + request.role + " password null");
  return effects;
}

std::vector<std::string> describe_issue_login(World& world, Arguments const& arguments) {
  return {fleet::describe_login(wanted(world, arguments))};
}

Answer check_login(World& world, Arguments const& arguments) {
  fleet::Tenant const tenant = world.fleet.tenant(slug_of(arguments));
  std::string const reference = arguments.text("ref", tenant.db_config_ref);
  if (reference.empty())
    throw Error{ErrorKind::usage, "tenant " + tenant.slug + " has no db_config_ref yet"}.with_hint(
        "give ref");
  auto const [user, database] = fleet::check_login(fleet::Secret::parse(reference), world.fleet.driver(),
                                                   world.fleet.secrets(), world.interrupt.get_token());
  if (database != tenant.database_name)
    throw Error{ErrorKind::failed, fmt::format("{} opens database {}, tenant {} has {}", reference, database,
                                               tenant.slug, tenant.database_name)}
        .at_tenant(tenant.slug);
  return {Json{{"user", user}, {"database", database}}, {}, {}};
}

}  // namespace

void add_logins(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "issue_login",
      .effect = Effect::write,
      .parameters =
          {{.name = "role", .default_text = "the one of like", .brief = "the application's role; it exists"},
           {.name = "db_config_ref",
            .default_text = "a file SLUG.dsn in the environment's secrets_folder",
            .brief = "the secret that holds its connection string already"},
           {.name = "like",
            .brief = "the role's connection string for another place: the file gets its password"},
           {.name = "rotate", .type = Type::boolean, .brief = "a new password, also where there is one"}},
      .returns = "text: the reference of the secret that holds the connection string",
      .errors =
          "refused naming the keyword when the secret is for another place; config when it is no connection "
          "string; usage without a folder or a secret; sql",
      .brief = "Gives the application's role a password and puts its connection string where the application "
               "finds "
               "it. What is there already is kept; the server sees a SCRAM verifier only.",
      .example =
          "tenants.acme:issue_login{ role = \"acme_app\", db_config_ref = \"env:ACME_DSN\", plan = true }",
      .receiver = Receiver::member,
      .run = issue_login,
      .describe = describe_issue_login});
  registry.add(Method{
      .object = "tenants",
      .name = "withdraw_login",
      .effect = Effect::write,
      .parameters = {{.name = "role", .default_text = "the one of like", .brief = "the application's role"},
                     {.name = "db_config_ref",
                      .default_text = "the file SLUG.dsn in the environment's secrets_folder",
                      .brief = "a secret of somebody else's, which stays"},
                     {.name = "like", .brief = "as issue_login was told: the role keeps its password"}},
      .returns = "nothing",
      .errors = "refused when the file is for another place; usage without a folder or a secret; io; sql",
      .brief =
          "Takes back what issue_login did: the role's password and the file with the connection string.",
      .example = "tenants.acme:withdraw_login{ role = \"acme_app\", plan = true }",
      .receiver = Receiver::member,
      .run = withdraw_login,
      .describe = describe_withdraw_login});
  registry.add(Method{.object = "tenants",
                      .name = "check_login",
                      .parameters = {{.name = "ref",
                                      .default_text = "the tenant's db_config_ref",
                                      .brief = "the secret that holds a connection string"}},
                      .returns = "table: user, database",
                      .errors =
                          "connect; failed when it opens another tenant's database; config when it is no "
                          "connection string",
                      .brief = "Connects as the application does and says who it is there.",
                      .example = "tenants.acme:check_login().user",
                      .receiver = Receiver::member,
                      .run = check_login});
}

}  // namespace scripting
