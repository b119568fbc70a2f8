#include "scripting/conversion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "scripting/help.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

constexpr int deepest = 64;  // levels of nested tables; deeper ones are cut, which also ends cycles

Json json_at(lua_State* lua, int index, int depth);

// The length of the table as a list: `n` or the largest key, when every key is a positive integer (or "n")
// and at least a third of the places is filled; -1 when it is no list. An empty table is no list.
lua_Integer list_length(lua_State* lua, int index) {
  lua_Integer largest = 0, count = 0, declared = -1;
  lua_pushnil(lua);
  while (lua_next(lua, index)) {
    if (lua_isinteger(lua, -2) && lua_tointeger(lua, -2) > 0) {
      largest = std::max(largest, lua_tointeger(lua, -2));
      ++count;
    } else if (lua_type(lua, -2) == LUA_TSTRING && std::string_view{lua_tostring(lua, -2)} == "n" &&
               lua_isinteger(lua, -1) && lua_tointeger(lua, -1) >= 0) {
      declared = lua_tointeger(lua, -1);
    } else {
      lua_pop(lua, 2);
      return -1;
    }
    lua_pop(lua, 1);
  }
  if (count == 0 && declared <= 0) return -1;
  if (declared >= largest && declared <= 100000) return declared;
  return largest <= 3 * count + 4 ? largest : -1;
}

std::string key_text(lua_State* lua, int index) {
  if (lua_type(lua, index) == LUA_TSTRING) return lua_tostring(lua, index);
  return display_text(lua, index);
}

Json table_json(lua_State* lua, int index, int depth) {
  index = absolute(lua, index);
  if (depth > deepest) return "…";
  luaL_checkstack(lua, 8, "table too deep");
  if (lua_Integer length = list_length(lua, index); length >= 0) {
    Json list = Json::array();
    for (lua_Integer i = 1; i <= length; ++i) {
      lua_rawgeti(lua, index, i);
      list.push_back(json_at(lua, -1, depth + 1));
      lua_pop(lua, 1);
    }
    return list;
  }
  std::map<std::string, Json> sorted;
  lua_pushnil(lua);
  while (lua_next(lua, index)) {
    std::string key = key_text(lua, -2);
    sorted[key] = json_at(lua, -1, depth + 1);
    lua_pop(lua, 1);
  }
  Json object = Json::object();
  for (auto& [key, value] : sorted) object[key] = std::move(value);
  return object;
}

Json cell_json(fleet::Result const& result, std::size_t row, std::size_t column) {
  auto cell = result.at(row, column);
  if (!cell) return nullptr;
  namespace oid = fleet::type_oid;
  switch (result.columns()[column].type) {
    case oid::boolean: return *cell == "t";
    case oid::int2:
    case oid::int4:
    case oid::int8:
    case oid::oid: {
      std::int64_t integer = 0;
      std::from_chars(cell->data(), cell->data() + cell->size(), integer);
      return integer;
    }
    default: return std::string{*cell};
  }
}

Json row_json(RowHandle const& handle) {
  Json object = Json::object();
  fleet::Result const& result = handle.rows->result;
  for (std::size_t column = 0; column < result.columns().size(); ++column)
    object[result.columns()[column].name] = cell_json(result, handle.row, column);
  return object;
}

Json rows_json(std::shared_ptr<Rows const> const& rows) {
  Json list = Json::array();
  for (std::size_t row = 0; row < rows->result.rows(); ++row) list.push_back(row_json({rows, row}));
  return list;
}

Json json_at(lua_State* lua, int index, int depth) {
  switch (lua_type(lua, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return nullptr;
    case LUA_TBOOLEAN: return lua_toboolean(lua, index) != 0;
    case LUA_TNUMBER:
      if (lua_isinteger(lua, index)) return static_cast<std::int64_t>(lua_tointeger(lua, index));
      return lua_tonumber(lua, index);
    case LUA_TSTRING: return std::string{to_text(lua, index, "text")};
    case LUA_TTABLE: return table_json(lua, index, depth);
    case LUA_TFUNCTION: return "function";
    default: break;
  }
  if (auto* tenant = test_object<TenantRef>(lua, index)) return tenant->slug;
  if (auto* server = test_object<ServerRef>(lua, index)) return server->name;
  if (auto* tenants = test_object<Tenants>(lua, index)) return tenants->selection.text();
  if (auto* numeric = test_object<Numeric>(lua, index)) return numeric->text;
  if (auto* row = test_object<RowHandle>(lua, index)) return row_json(*row);
  if (auto* result = test_object<ResultHandle>(lua, index)) return rows_json(result->rows);
  return display_text(lua, index);
}

}  // namespace

std::string number_text(double number) { return fmt::format("{}", number); }

void push_json(lua_State* lua, Json const& json) {
  luaL_checkstack(lua, 4, "value too deep");
  switch (json.type()) {
    case Json::value_t::boolean: lua_pushboolean(lua, json.get<bool>()); return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: lua_pushinteger(lua, json.get<std::int64_t>()); return;
    case Json::value_t::number_float: lua_pushnumber(lua, json.get<double>()); return;
    case Json::value_t::string: push_text(lua, json.get_ref<std::string const&>()); return;
    case Json::value_t::array: {
      lua_createtable(lua, static_cast<int>(json.size()), 0);
      bool holes = false;
      for (std::size_t i = 0; i < json.size(); ++i) {
        holes = holes || json[i].is_null();
        push_json(lua, json[i]);
        lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
      }
      if (!holes) return;
      lua_pushinteger(lua, static_cast<lua_Integer>(json.size()));
      lua_setfield(lua, -2, "n");
      return;
    }
    case Json::value_t::object:
      lua_createtable(lua, 0, static_cast<int>(json.size()));
      for (auto const& [key, value] : json.items()) {
        push_json(lua, value);
        lua_setfield(lua, -2, key.c_str());
      }
      return;
    default: lua_pushnil(lua);
  }
}

void push_value(lua_State* lua, Value value) {
  struct Push {
    lua_State* lua;
    void operator()(std::monostate) const { lua_pushnil(lua); }
    void operator()(Json& json) const { push_json(lua, json); }
    void operator()(Rows& rows) const {
      push_object(lua, ResultHandle{std::make_shared<Rows const>(std::move(rows))});
    }
    void operator()(Card& card) const { push_object(lua, std::move(card)); }
    void operator()(TenantRef& tenant) const { push_tenant(lua, std::move(tenant.slug)); }
    void operator()(ServerRef& server) const { push_server(lua, std::move(server.name)); }
    void operator()(TenantsRef& tenants) const { push_object(lua, Tenants{std::move(tenants.selection)}); }
    void operator()(ServersRef& servers) const { push_object(lua, Servers{std::move(servers.conditions)}); }
    void operator()(Unknown& unknown) const { push_object(lua, std::move(unknown)); }
  };
  std::visit(Push{lua}, value);
}

void push_answer(lua_State* lua, Answer answer) {
  auto& state = state_of(lua);
  for (std::string& note : answer.notes) state.notes.push_back(std::move(note));
  push_value(lua, std::move(answer.value));
  if (!answer.ended) return;
  if (auto* result = test_object<ResultHandle>(lua, -1))
    result->ended = answer.ended;
  else
    state.ended = answer.ended;
}

Json to_json(lua_State* lua, int index) { return json_at(lua, index, 0); }

Value to_value(lua_State* lua, int index) {
  if (lua_isnoneornil(lua, index)) return std::monostate{};
  if (Method const* method = method_of(lua, index))
    return Json(help_text(state_of(lua).registry, method->object + "." + method->name));
  if (lua_type(lua, index) != LUA_TUSERDATA) return to_json(lua, index);
  if (auto* result = test_object<ResultHandle>(lua, index)) return *result->rows;
  if (auto* card = test_object<Card>(lua, index)) return *card;
  if (auto* tenant = test_object<TenantRef>(lua, index)) return *tenant;
  if (auto* server = test_object<ServerRef>(lua, index)) return *server;
  if (auto* tenants = test_object<Tenants>(lua, index)) return TenantsRef{tenants->selection};
  if (auto* servers = test_object<Servers>(lua, index)) return ServersRef{servers->conditions};
  if (auto* unknown = test_object<Unknown>(lua, index)) return *unknown;
  if (auto* singleton = test_object<Singleton>(lua, index)) return singleton_value(lua, *singleton);
  return to_json(lua, index);
}

Answer answer_of(lua_State* lua, int index) {
  auto* result = test_object<ResultHandle>(lua, index);
  return {to_value(lua, index), {}, result ? result->ended : std::nullopt};
}

void push_cell(lua_State* lua, fleet::Result const& result, std::size_t row, std::size_t column) {
  auto cell = result.at(row, column);
  if (!cell) {
    lua_pushnil(lua);
    return;
  }
  char const *begin = cell->data(), *end = begin + cell->size();
  namespace oid = fleet::type_oid;
  std::int64_t integer = 0;
  switch (result.columns()[column].type) {
    case oid::boolean: lua_pushboolean(lua, *cell == "t"); return;
    case oid::int2:
    case oid::int4:
    case oid::int8:
    case oid::oid:
      std::from_chars(begin, end, integer);
      lua_pushinteger(lua, integer);
      return;
    case oid::float4:
    case oid::float8: {
      double number = 0;
      std::from_chars(begin, end, number);  // also reads Infinity and NaN
      lua_pushnumber(lua, number);
      return;
    }
    case oid::numeric: {
      auto [stopped, error] = std::from_chars(begin, end, integer);
      if (error == std::errc{} && stopped == end)
        lua_pushinteger(lua, integer);
      else
        push_object(lua, Numeric{std::string{*cell}});
      return;
    }
    default: push_text(lua, *cell);
  }
}

}  // namespace scripting
