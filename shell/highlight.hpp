#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shell/entry_paint.hpp"

namespace shell {

// What an entry is: a command begins with a backslash, SQL with one of its verbs (and is no Lua), all else is
// Lua.
enum class Language { lua, sql, command };

// Does it begin with a word that begins a statement of SQL?
bool begins_like_sql(std::string_view text);

// Colours for text that may be unfinished or wrong at any place: nothing is compiled. Strings of Lua that
// begin like SQL are coloured as SQL. `globals`: the names Lua knows; any other one that the entry does not
// declare itself is marked unknown.
std::vector<Span> highlight(std::string_view text, Language language, std::set<std::string> const& globals);

// Is a statement that was typed at the prompt at its end: a semicolon outside quotes and comments?
bool sql_is_complete(std::string_view sql);

// Words of SQL that begin or join clauses, in upper case and in order.
std::vector<std::string> const& sql_words();

}  // namespace shell
