// PostgreSQL's numeric in Lua: keeps its text, compares exactly with numerics and numbers; calculating with
// it needs tonumber(), so that leaving exactness is a visible word.

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// Text of a numeric or a Lua number at `index`.
std::string decimal_at(lua_State* lua, int index) {
  if (auto* numeric = test_object<Numeric>(lua, index)) return numeric->text;
  if (lua_isinteger(lua, index)) return std::to_string(lua_tointeger(lua, index));
  if (lua_type(lua, index) == LUA_TNUMBER) {
    std::string text = number_text(lua_tonumber(lua, index));
    if (text == "inf" || text == "-inf") return text == "inf" ? "Infinity" : "-Infinity";
    return is_decimal(text) ? text : "NaN";
  }
  throw Error{ErrorKind::usage, "a numeric cannot be compared with " + type_text(lua, index)};
}

std::strong_ordering order(lua_State* lua) {
  return compare_decimals(decimal_at(lua, 1), decimal_at(lua, 2));
}

int numeric_equal(lua_State* lua) {
  bool both = test_object<Numeric>(lua, 1) && test_object<Numeric>(lua, 2);
  lua_pushboolean(lua, both && order(lua) == 0);
  return 1;
}

int numeric_less(lua_State* lua) {
  lua_pushboolean(lua, order(lua) < 0);
  return 1;
}

int numeric_at_most(lua_State* lua) {
  lua_pushboolean(lua, order(lua) <= 0);
  return 1;
}

int numeric_text(lua_State* lua) {
  push_text(lua, test_object<Numeric>(lua, 1)->text);
  return 1;
}

int numeric_concat(lua_State* lua) {
  push_text(lua, display_text(lua, 1) + display_text(lua, 2));
  return 1;
}

int numeric_arithmetic(lua_State* lua) {
  auto* left = test_object<Numeric>(lua, 1);
  std::string text = left ? left->text : test_object<Numeric>(lua, 2)->text;
  throw Error{ErrorKind::usage, "the numeric " + text + " is exact and Lua's numbers are not"}.with_hint(
      "calculate in SQL, add with result:sum(column), or write tonumber(x) to go on in floating point");
}

}  // namespace

void new_numeric_type(lua_State* lua) {
  constexpr luaL_Reg functions[] = {
      {"__eq", guarded<numeric_equal>},       {"__lt", guarded<numeric_less>},
      {"__le", guarded<numeric_at_most>},     {"__tostring", guarded<numeric_text>},
      {"__concat", guarded<numeric_concat>},  {"__add", guarded<numeric_arithmetic>},
      {"__sub", guarded<numeric_arithmetic>}, {"__mul", guarded<numeric_arithmetic>},
      {"__div", guarded<numeric_arithmetic>}, {"__mod", guarded<numeric_arithmetic>},
      {"__unm", guarded<numeric_arithmetic>}, {"__idiv", guarded<numeric_arithmetic>},
      {"__pow", guarded<numeric_arithmetic>}, {nullptr, nullptr}};
  new_type<Numeric>(lua, functions);
}

}  // namespace scripting
