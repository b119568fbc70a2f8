#pragma once

#include <string>
#include <string_view>

namespace migrations {

// `{schema_name}` in a file stands for the schema that a tenant is placed in.
inline constexpr std::string_view schema_placeholder = "{schema_name}";

// `sql` with every placeholder replaced, by what its place needs: a quoted identifier in code (also in a
// dollar-quoted body), the bare name, escaped, inside '…' and "…". Lines stay where they are.
std::string fill_schema(std::string_view sql, std::string_view schema_name);

// For the parser: an identifier of the same length instead, so that positions stay true.
std::string parseable(std::string_view sql);

}  // namespace migrations
