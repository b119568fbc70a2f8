#pragma once

#include <string>
#include <string_view>

namespace migrations {

// `{schema_name}` in a file stands for the schema that a tenant is placed in.
inline constexpr std::string_view schema_placeholder = "{schema_name}";

// `sql` with every placeholder replaced, by what its place needs: a quoted identifier in code (also in a
// dollar-quoted body), together with the rest of a word (audit_{schema_name}); the bare name, escaped, inside
// '…' and "…"; the word schema in a comment. Lines stay where they are.
std::string fill_schema(std::string_view sql, std::string_view schema_name);

// For the parser: an identifier of the same length instead, so that positions stay true.
std::string parseable(std::string_view sql);

}  // namespace migrations
