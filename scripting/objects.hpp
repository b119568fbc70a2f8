#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scripting/binding.hpp"
#include "scripting/method.hpp"
#include "scripting/numeric.hpp"
#include "scripting/world.hpp"

// The Lua side of every object: which C++ value its userdata holds, the rows that lua_OBJECT.cpp adds to the
// registry, and the metatables that it makes.
namespace scripting {

// A global that is no collection: fleet, master, migrations, seeds, sql, shell. `object` lives in the
// registry.
struct Singleton {
  Object const* object;
};
// TenantsRef with the slugs that an iteration goes through (index order), read when it starts.
struct Tenants {
  fleet::Selection selection;
  std::shared_ptr<std::vector<std::string> const> slugs = {};
};
struct Servers {
  std::map<std::string, std::string> conditions;
  std::shared_ptr<std::vector<std::string> const> names = {};
};
// Rows are shared between the result, its rows and what is derived from them.
struct ResultHandle {
  std::shared_ptr<Rows const> rows;
  std::optional<fleet::ErrorKind> ended = {};
};
struct RowHandle {
  std::shared_ptr<Rows const> rows;
  std::size_t row;
};

template <>
struct LuaType<Singleton> {
  static constexpr char const* name = "tenantsh.object";
};
template <>
struct LuaType<TenantRef> {
  static constexpr char const* name = "tenantsh.tenant";
};
template <>
struct LuaType<Tenants> {
  static constexpr char const* name = "tenantsh.tenants";
};
template <>
struct LuaType<ServerRef> {
  static constexpr char const* name = "tenantsh.server";
};
template <>
struct LuaType<Servers> {
  static constexpr char const* name = "tenantsh.servers";
};
template <>
struct LuaType<ResultHandle> {
  static constexpr char const* name = "tenantsh.result";
};
template <>
struct LuaType<RowHandle> {
  static constexpr char const* name = "tenantsh.row";
};
template <>
struct LuaType<Numeric> {
  static constexpr char const* name = "tenantsh.numeric";
};
template <>
struct LuaType<Unknown> {
  static constexpr char const* name = "tenantsh.unknown";
};
template <>
struct LuaType<Card> {
  static constexpr char const* name = "tenantsh.card";
};

// Registry rows, in help order.
void add_fleet(Registry& registry);
void add_master(Registry& registry);
void add_servers(Registry& registry);
void add_tenants(Registry& registry);
void add_execute(Registry& registry);  // rows of tenants and master
void add_logins(Registry& registry);   // rows of tenants
void add_backups(Registry& registry);  // backups, and rows of tenants
void add_restore(Registry& registry);  // further rows of tenants
void add_drill(Registry& registry);    // further rows of tenants
void add_migrations(Registry& registry);
void add_baseline(Registry& registry);        // rows of migrations
void add_drift(Registry& registry);           // a row of migrations
void add_rollout(Registry& registry);         // rows of tenants
void add_adoption(Registry& registry);        // further rows of `migrations`
void add_new_migrations(Registry& registry);  // further rows of `migrations`
void add_seeds(Registry& registry);
void add_runbooks(Registry& registry);
void add_check(Registry& registry);  // a row of runbooks
void add_runs(Registry& registry);
void add_going_on(Registry& registry);  // further rows of `runs`
void add_approvals(Registry& registry);
void add_sql(Registry& registry);
void add_shell(Registry& registry);
void add_help(Registry& registry);
void add_result(Registry& registry);

// Metatables.
void new_singleton_type(lua_State* lua);
void new_tenant_types(lua_State* lua);
void new_server_types(lua_State* lua);
void new_result_types(lua_State* lua);
void new_numeric_type(lua_State* lua);
void new_unknown_type(lua_State* lua);

// Naming `fleet` or `master` gives its card, another object its help page.
Value singleton_value(lua_State* lua, Singleton const& singleton);
// The row behind a function made by push_method, else nullptr.
Method const* method_of(lua_State* lua, int index);
// Pushes the method `key` of `object` when it has one for such a receiver.
bool push_method_named(lua_State* lua, std::string_view object, std::string_view key, Receiver receiver);
// Error{usage} that lists what `object` has beside `also` and suggests the nearest.
fleet::Error no_such_member(Registry const& registry, std::string_view object, std::string_view key,
                            std::vector<std::string> also = {});

// Handles that name the same thing are one userdata, so they also work as table keys.
void push_tenant(lua_State* lua, std::string slug);
void push_server(lua_State* lua, std::string name);
void push_cached(lua_State* lua, std::string const& key, std::function<void()> const& make);

// Error{refused} while a runbook is loading: `what` would ask the registry.
void check_io(lua_State* lua, std::string const& what);

// A name in the registry of a TenantRef or ServerRef for messages, the selection's text, or "".
std::string receiver_text(Value const& self);
// The tenants that a method was called for: its receiver, narrowed or replaced by its parameter `tenants`.
fleet::Selection receiver_selection(Arguments const& arguments);

// Cards and lists from the cached registry rows; they read the registry at first use.
Card fleet_card(World& world);
Card master_card(World& world);
Card tenant_card(World& world, TenantRef const& tenant);
Card server_card(World& world, ServerRef const& server);
Rows tenant_rows(World& world, fleet::Selection const& selection, std::vector<std::string>& notes);
Rows server_rows(World& world, std::map<std::string, std::string> const& conditions);
std::vector<fleet::Server> chosen_servers(World& world, std::map<std::string, std::string> const& conditions);
// "2 suspended tenants left out", one per status.
std::vector<std::string> left_out_notes(fleet::Chosen const& chosen);

}  // namespace scripting
