#pragma once

#include "scripting/binding.hpp"
#include "scripting/value.hpp"

// Values on their way between C++ and Lua.
namespace scripting {

// Json objects and arrays become tables (null: nil; an array with nulls gets its length as `n`), Rows a
// result, handles handles, Unknown an unknown.
void push_value(lua_State* lua, Value value);
// As push_value; the notes stay with the interpreter, `ended` with the result.
void push_answer(lua_State* lua, Answer answer);
void push_json(lua_State* lua, Json const& json);

// Tables become Json: an array when all keys are 1…n (`n` gives a length beyond the last value), else an
// object in key order. Handles inside tables become their names, numerics their text, functions "function".
Value to_value(lua_State* lua, int index);
// The value with how it ended, when it is a result that knows.
Answer answer_of(lua_State* lua, int index);
Json to_json(lua_State* lua, int index);

// A cell by its column's type: booleans, integers, floats; numeric as an exact numeric, but as an integer
// when its text is one; NULL as nil; everything else as text.
void push_cell(lua_State* lua, fleet::Result const& result, std::size_t row, std::size_t column);
// Text of a number as the shortest that reads back the same.
std::string number_text(double number);

}  // namespace scripting
