#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scripting/interpreter.hpp"

namespace scripting {

// Something that may stand behind a dot or a colon.
struct Member {
  std::string name;
  std::string brief = {};  // what help says of it in a sentence; empty for a script's own
  bool method = false;     // called with a colon
};

// What `chain` has: "" for the globals, "string", "tenants", "tenants.acme", "tenants:where{…}:query(…)".
// Arguments in parentheses, braces or brackets are skipped; what a method gives is known from its row. Runs
// nothing of a script's and asks no server. Empty for what cannot be known.
std::vector<Member> members(Interpreter& interpreter, std::string_view chain);

// The row that `chain` names: "tenants:query", "migrations.plan". nullptr when it is none.
Method const* method_named(Interpreter& interpreter, std::string_view chain);

}  // namespace scripting
