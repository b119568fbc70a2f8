#pragma once

#include <string>
#include <string_view>

#include "scripting/method.hpp"

// Everything that explains the language, made from the registry's rows and nothing else.
namespace scripting {

// topic "": objects and their methods; "tenants": one object; "tenants.query" or "tenants:query": one method;
// a short form ("migrate up"): the method it stands for. Error{not_found} suggests the nearest topic.
std::string help_text(Registry const& registry, std::string_view topic);
// "tenants:query(sql, { params = list, … })"
std::string signature(Method const& method);
// The whole reference as Markdown, and as a LuaLS `---@meta` file.
std::string reference_markdown(Registry const& registry);
std::string reference_annotations(Registry const& registry);

}  // namespace scripting
