#include "scripting/result_decode.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;

// Builds Lua values on the stack while JSON is read; nlohmann's interface for that.
class LuaBuilder final : public nlohmann::json_sax<Json> {
 public:
  explicit LuaBuilder(lua_State* lua) : lua_(lua) {}

  std::string problem;  // why the text was given up

  bool null() override {
    if (!open_.empty() && !open_.back().object) open_.back().holes = true;
    lua_pushnil(lua_);
    return place();
  }
  bool boolean(bool value) override {
    lua_pushboolean(lua_, value);
    return place();
  }
  bool number_integer(number_integer_t value) override {
    lua_pushinteger(lua_, value);
    return place();
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
      lua_pushinteger(lua_, static_cast<lua_Integer>(value));
    else
      push_object(lua_, Numeric{std::to_string(value)});
    return place();
  }
  bool number_float(number_float_t value, string_t const& text) override {
    if (std::isfinite(value) && compare_decimals(text, number_text(value)) == 0)
      lua_pushnumber(lua_, value);
    else
      push_object(lua_, Numeric{text});
    return place();
  }
  bool string(string_t& value) override {
    push_text(lua_, value);
    return place();
  }
  bool binary(binary_t&) override { return false; }  // no JSON text has it
  bool start_object(std::size_t) override { return open(true); }
  bool key(string_t& name) override {
    push_text(lua_, name);
    return true;
  }
  bool end_object() override {
    open_.pop_back();
    return place();
  }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override {
    if (open_.back().holes) {
      lua_pushinteger(lua_, open_.back().length);
      lua_setfield(lua_, -2, "n");
    }
    open_.pop_back();
    return place();
  }
  bool parse_error(std::size_t, std::string const&, nlohmann::detail::exception const& error) override {
    constexpr int number_overflow = 406;
    problem = error.id == number_overflow ? "holds a number beyond 1e308" : "is no JSON";
    return false;
  }

 private:
  struct Open {
    bool object;
    lua_Integer length = 0;
    bool holes = false;
  };

  bool open(bool object) {
    luaL_checkstack(lua_, 8, "JSON too deep");
    lua_newtable(lua_);
    open_.push_back({object});
    return true;
  }
  // Puts the value on top of the stack where it belongs; the outermost one stays.
  bool place() {
    if (open_.empty()) return true;
    if (open_.back().object)
      lua_rawset(lua_, -3);
    else
      lua_rawseti(lua_, -2, ++open_.back().length);
    return true;
  }

  lua_State* lua_;
  std::vector<Open> open_;
};

std::uint32_t element_type(std::uint32_t array) {
  switch (array) {
    case 1000: return oid::boolean;
    case 1005: return oid::int2;
    case 1007: return oid::int4;
    case 1016: return oid::int8;
    case 1028: return oid::oid;
    case 1021: return oid::float4;
    case 1022: return oid::float8;
    case 1231: return oid::numeric;
    default: return oid::text;
  }
}

// {1,NULL,"a \"b\"",{2,3}} of PostgreSQL, https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO
class ArrayReader {
 public:
  ArrayReader(lua_State* lua, std::string_view text, std::uint32_t element)
      : lua_(lua), rest_(text), element_(element) {}

  // Leaves the table on the stack; false when the text is no array.
  bool read() {
    if (rest_.starts_with('[')) {  // bounds: [0:1]={…}
      std::size_t const equals = rest_.find('=');
      if (equals == std::string_view::npos) return false;
      rest_.remove_prefix(equals + 1);
    }
    return read_list() && rest_.empty();
  }

 private:
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool read_list() {
    if (!take('{')) return false;
    luaL_checkstack(lua_, 8, "array too deep");
    lua_newtable(lua_);
    if (take('}')) return true;
    lua_Integer length = 0;
    bool holes = false;
    do {
      if (!read_element()) return false;
      holes = holes || lua_isnil(lua_, -1);
      lua_rawseti(lua_, -2, ++length);
    } while (take(','));
    if (holes) {
      lua_pushinteger(lua_, length);
      lua_setfield(lua_, -2, "n");
    }
    return take('}');
  }
  bool read_element() {
    if (rest_.starts_with('{')) return read_list();
    bool const quoted = take('"');
    std::string item;
    while (!rest_.empty() && (quoted ? rest_.front() != '"' : rest_.front() != ',' && rest_.front() != '}')) {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return false;
      item += rest_.front();
      rest_.remove_prefix(1);
    }
    if (quoted && !take('"')) return false;
    if (!quoted && item.empty()) return false;
    fleet::Result cell{{{"element", element_}}};
    cell.append(!quoted && item == "NULL" ? std::nullopt : std::optional<std::string_view>{item});
    push_cell(lua_, cell, 0, 0);
    return true;
  }

  lua_State* lua_;
  std::string_view rest_;
  std::uint32_t element_;
};

}  // namespace

void push_decoded(lua_State* lua, std::string_view text, std::uint32_t type) {
  int const top = lua_gettop(lua);
  luaL_checkstack(lua, 8, "no room to decode");
  bool const is_json = type == oid::json || type == oid::jsonb;
  LuaBuilder builder{lua};
  // An array's own type says that it is no JSON; {} of a text column is read as JSON.
  if (is_json || type == oid::text) {
    if (Json::sax_parse(text, &builder)) return;
    lua_settop(lua, top);
  }
  if (!is_json && ArrayReader{lua, text, element_type(type)}.read()) return;
  lua_settop(lua, top);
  throw Error{ErrorKind::usage, std::string{text.substr(0, 60)} +
                                    (is_json ? " " + builder.problem : " is neither JSON nor an array")};
}

}  // namespace scripting
