// `tenants`, any part of it, and one tenant.

#include <algorithm>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"
#include "scripting/tenant_query.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

Answer list(World& world, Arguments const& arguments) {
  Answer answer;
  answer.value = tenant_rows(world, receiver_selection(arguments), answer.notes);
  return answer;
}

Answer get(World&, Arguments const& arguments) { return {TenantRef{arguments.text("tenant")}, {}, {}}; }

Answer card(World& world, Arguments const& arguments) {
  return {tenant_card(world, std::get<TenantRef>(arguments.self)), {}, {}};
}

fleet::Selection narrowed(fleet::Selection selection, std::string_view text) {
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      selection = selection.where("slug", std::string{part});
    else
      selection = selection.where(std::string{part.substr(0, equals)}, std::string{part.substr(equals + 1)});
  }
  return selection;
}

Answer where(World&, Arguments const& arguments) {
  auto* tenants = std::get_if<TenantsRef>(&arguments.self);
  fleet::Selection selection = tenants ? tenants->selection : fleet::Selection::all();
  Json const& conditions = arguments.json("conditions");
  // Of all tenants it is the selection as everywhere, a list of slugs included.
  if (conditions.is_string() && selection.text() == "all")
    return {TenantsRef{fleet::Selection::parse(conditions.get_ref<std::string const&>())}, {}, {}};
  if (conditions.is_string())
    return {TenantsRef{narrowed(selection, conditions.get_ref<std::string const&>())}, {}, {}};
  if (!conditions.is_object())
    throw Error{ErrorKind::usage, "tenants.where takes a table of conditions or a text"}.with_hint(
        "for example tenants:where{ region = \"eastus2\" }");
  for (auto const& [key, value] : conditions.items())
    selection = selection.where(key, value.is_string() ? value.get<std::string>() : value.dump());
  return {TenantsRef{std::move(selection)}, {}, {}};
}

void push_labels(lua_State* lua, fleet::Tenant const& tenant) {
  lua_newtable(lua);
  for (auto const& [name, value] : tenant.labels) {
    push_text(lua, value);
    lua_setfield(lua, -2, name.c_str());
  }
}

std::string const* text_field(fleet::Tenant const& tenant, std::string_view key) {
  if (key == "id") return &tenant.id;
  if (key == "display_name") return &tenant.display_name;
  if (key == "region") return &tenant.region;
  if (key == "database_name") return &tenant.database_name;
  if (key == "schema_name") return &tenant.schema_name;
  if (key == "db_config_ref") return &tenant.db_config_ref;
  return nullptr;
}

int tenant_index(lua_State* lua) {
  std::string slug = test_object<TenantRef>(lua, 1)->slug;
  std::string_view key = to_text(lua, 2, "what is asked of a tenant");
  if (key == "slug") {
    push_text(lua, slug);
    return 1;
  }
  if (push_method_named(lua, "tenants", key, Receiver::member)) return 1;
  check_io(lua, "a tenant's " + std::string{key});
  fleet::Tenant const& tenant = state_of(lua).world.fleet.tenant(slug);
  if (std::string const* field = text_field(tenant, key)) {
    if (field->empty()) return 0;
    push_text(lua, *field);
  } else if (key == "status") {
    push_text(lua, to_string(tenant.status));
  } else if (key == "placement") {
    push_text(lua, to_string(tenant.placement));
  } else if (key == "server") {
    push_server(lua, tenant.server);
  } else if (key == "labels") {
    push_labels(lua, tenant);
  } else {
    throw no_such_member(state_of(lua).registry, "tenants", key,
                         {"slug", "id", "display_name", "status", "server", "region", "placement",
                          "database_name", "schema_name", "db_config_ref", "labels"});
  }
  return 1;
}

std::string title(fleet::Tenant const& tenant) {
  return "<tenant " + tenant.slug + " " + std::string{to_string(tenant.placement)} + "@" + tenant.server +
         " " + std::string{to_string(tenant.status)} + ">";
}

int tenant_text(lua_State* lua) {
  auto& state = state_of(lua);
  std::string slug = test_object<TenantRef>(lua, 1)->slug, text = "<tenant " + slug + ">";
  if (state.world.gate.state() != runbooks::GateState::loading) {
    try {
      text = title(state.world.fleet.tenant(slug));
    } catch (Error const&) {
      text = "<tenant " + slug + " ?>";  // a name must print even when the registry does not answer
    }
  }
  push_text(lua, text);
  return 1;
}

int tenant_equal(lua_State* lua) {
  auto *left = test_object<TenantRef>(lua, 1), *right = test_object<TenantRef>(lua, 2);
  lua_pushboolean(lua, left && right && left->slug == right->slug);
  return 1;
}

// tenants:qeury("…") asks for the tenant qeury and calls it: the method was meant.
int tenant_call(lua_State* lua) {
  throw no_such_member(state_of(lua).registry, "tenants", test_object<TenantRef>(lua, 1)->slug);
}

std::vector<std::string> const& read_slugs(lua_State* lua, Tenants& tenants,
                                           std::vector<std::string>* notes) {
  check_io(lua, "listing tenants");
  fleet::Chosen chosen = fleet::choose(state_of(lua).world.fleet.tenants(), tenants.selection);
  if (notes)
    for (std::string& note : left_out_notes(chosen)) notes->push_back(std::move(note));
  std::vector<std::string> slugs;
  slugs.reserve(chosen.tenants.size());
  for (fleet::Tenant& tenant : chosen.tenants) slugs.push_back(std::move(tenant.slug));
  tenants.slugs = std::make_shared<std::vector<std::string> const>(std::move(slugs));
  return *tenants.slugs;
}

int tenants_index(lua_State* lua) {
  auto& tenants = *test_object<Tenants>(lua, 1);
  if (lua_isinteger(lua, 2)) {
    auto at = static_cast<std::size_t>(lua_tointeger(lua, 2)) - 1;
    auto const& slugs = tenants.slugs && at > 0 ? *tenants.slugs : read_slugs(lua, tenants, nullptr);
    if (at >= slugs.size()) return 0;
    push_tenant(lua, slugs[at]);
    return 1;
  }
  std::string key{to_text(lua, 2, "a tenant's slug")};
  if (push_method_named(lua, "tenants", key, Receiver::collection)) return 1;
  if (key.find_first_of("*?") != std::string::npos)
    push_object(lua, Tenants{tenants.selection.where("slug", key)});
  else
    push_tenant(lua, key);
  return 1;
}

int tenants_length(lua_State* lua) {
  auto const& slugs = read_slugs(lua, *test_object<Tenants>(lua, 1), nullptr);
  lua_pushinteger(lua, static_cast<lua_Integer>(slugs.size()));
  return 1;
}

int tenants_text(lua_State* lua) {
  push_text(lua, "<tenants " + test_object<Tenants>(lua, 1)->selection.text() + ">");
  return 1;
}

int tenants_equal(lua_State* lua) {
  auto *left = test_object<Tenants>(lua, 1), *right = test_object<Tenants>(lua, 2);
  lua_pushboolean(lua, left && right && left->selection.text() == right->selection.text());
  return 1;
}

// `for tenant in tenants do`: the one after `control`, in the order read when the loop began.
int tenants_next(lua_State* lua) {
  auto& tenants = *test_object<Tenants>(lua, 1);
  if (!lua_isnoneornil(lua, 2))
    throw Error{ErrorKind::usage, "tenants is no function"}.with_hint(
        "choose with tenants:where{ … }, name one with tenants.SLUG");
  auto* before = test_object<TenantRef>(lua, 3);
  auto const& slugs =
      before && tenants.slugs ? *tenants.slugs : read_slugs(lua, tenants, &state_of(lua).notes);
  auto at = before ? std::upper_bound(slugs.begin(), slugs.end(), before->slug) : slugs.begin();
  if (at == slugs.end()) return 0;
  push_tenant(lua, *at);
  return 1;
}

}  // namespace

std::vector<std::string> left_out_notes(fleet::Chosen const& chosen) {
  std::vector<std::string> notes;
  for (auto const& [status, count] : chosen.left_out)
    notes.push_back(std::to_string(count) + " " + status + (count == 1 ? " tenant" : " tenants") +
                    " left out");
  return notes;
}

Rows tenant_rows(World& world, fleet::Selection const& selection, std::vector<std::string>& notes) {
  fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), selection);
  Rows rows{fleet::Result{{{"slug"},
                           {"display_name"},
                           {"status"},
                           {"server"},
                           {"region"},
                           {"placement"},
                           {"database"},
                           {"schema"}}},
            {},
            0};
  auto append = [&rows](std::string const& cell) {
    rows.result.append(cell.empty() ? std::nullopt : std::optional<std::string_view>{cell});
  };
  for (fleet::Tenant const& tenant : chosen.tenants) {
    append(tenant.slug);
    append(tenant.display_name);
    rows.result.append(to_string(tenant.status));
    append(tenant.server);
    append(tenant.region);
    rows.result.append(to_string(tenant.placement));
    append(tenant.database_name);
    append(tenant.schema_name);
  }
  notes = left_out_notes(chosen);
  return rows;
}

Card tenant_card(World& world, TenantRef const& reference) {
  fleet::Tenant const& tenant = world.fleet.tenant(reference.slug);
  Card card{title(tenant),
            {{"name", tenant.display_name}, {"region", tenant.region}, {"database", tenant.database_name}}};
  if (!tenant.schema_name.empty()) card.lines.emplace_back("schema", tenant.schema_name);
  if (!tenant.db_config_ref.empty()) card.lines.emplace_back("connection", tenant.db_config_ref);
  for (auto const& [name, value] : tenant.labels) card.lines.emplace_back("label." + name, value);
  return card;
}

void push_tenant(lua_State* lua, std::string slug) {
  push_cached(lua, "tenant:" + slug, [&] { push_object(lua, TenantRef{std::move(slug)}); });
}

void new_tenant_types(lua_State* lua) {
  constexpr luaL_Reg one[] = {{"__index", guarded<tenant_index>},
                              {"__tostring", guarded<tenant_text>},
                              {"__eq", guarded<tenant_equal>},
                              {"__call", guarded<tenant_call>},
                              {nullptr, nullptr}};
  new_type<TenantRef>(lua, one);
  constexpr luaL_Reg all[] = {{"__index", guarded<tenants_index>}, {"__tostring", guarded<tenants_text>},
                              {"__len", guarded<tenants_length>},  {"__eq", guarded<tenants_equal>},
                              {"__call", guarded<tenants_next>},   {nullptr, nullptr}};
  new_type<Tenants>(lua, all);
}

void add_tenants(Registry& registry) {
  registry.add(
      Object{"tenants", "the tenants: tenants.acme, tenants[\"ac*\"], for t in tenants:where{ … } do"});
  Parameter chosen{.name = "tenants",
                   .type = Type::selection,
                   .default_text = "all",
                   .brief = "all, a slug, a glob, key=value[,key=value] or @file"};
  registry.add(
      Method{.object = "tenants",
             .name = "list",
             .parameters = {chosen},
             .returns = "result: slug, display_name, status, server, region, placement, database, schema",
             .errors = "connect when the registry cannot be read; not_found for a slug that does not exist",
             .brief = "The registered tenants: active and read_only ones unless the choice names a status.",
             .example = "tenants:where{ status = \"suspended\" }:list()",
             .run = list});
  registry.add(Method{.object = "tenants",
                      .name = "get",
                      .parameters = {{.name = "tenant",
                                      .type = Type::tenant,
                                      .required = true,
                                      .positional = true,
                                      .brief = "its slug"}},
                      .returns = "tenant",
                      .errors = "none; a tenant that does not exist is noticed at its first use",
                      .brief = "One tenant by slug, also when a method has the same name.",
                      .example = "tenants:get(\"acme\")",
                      .command_line = false,
                      .io = false,
                      .run = get});
  registry.add(
      Method{.object = "tenants",
             .name = "where",
             .parameters = {{.name = "conditions",
                             .type = Type::any,
                             .required = true,
                             .positional = true,
                             .brief = "slug, status, server, region, placement, database, label.NAME; values "
                                      "may be globs; or the same as text: region=eastus2,slug=ac*"}},
             .returns = "tenants",
             .errors = "usage for an unknown key",
             .brief = "The tenants that fit every condition. Asks nothing yet.",
             .example = "#tenants:where{ region = \"eastus2\", status = \"active\" }",
             .command_line = false,
             .io = false,
             .run = where});
  registry.add(Method{
      .object = "tenants",
      .name = "query",
      .parameters = tenant_query_parameters(),
      .returns =
          "result: tenant, then the statement's columns; tenants that failed in .errors. Of one tenant: the "
          "statement's columns. With save: how many rows of each tenant are in the file",
      .errors =
          "refused before any connection when the statement is no read; one tenant's own error is raised; io "
          "when the file cannot be written",
      .brief =
          "One reading statement on every chosen tenant at once, merged into one table. A terminal is also "
          "told how many answers are equal: see result:answers, result:outliers and result:diff. With save, "
          "and on the command line in csv, tsv and jsonl, rows are written as they come, none is kept, and "
          "the columns are those of the first tenant.",
      .example =
          "tenants:where{ status = \"active\" }:query(\"select count(*) as members from members.member\")",
      .aliases = {"query"},
      .receiver = Receiver::both,
      .streams = true,
      .run = query_tenants});
  registry.add(Method{.object = "tenants",
                      .name = "card",
                      .returns = "card: name, region, database, connection reference, labels",
                      .errors = "not_found with the nearest slug",
                      .brief = "One tenant in a few lines, from the registry.",
                      .example = "tenants.acme:card()",
                      .receiver = Receiver::member,
                      .command_line = false,
                      .run = card});
}

}  // namespace scripting
