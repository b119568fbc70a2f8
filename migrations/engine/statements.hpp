#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// One statement of a file.
struct Piece {
  std::string sql;         // from its first word, without the semicolon
  std::size_t offset = 0;  // of that word in the file, in bytes
};

// By PostgreSQL's parser. Error{sql} with a position in characters for text that it refuses (42601). Takes
// about 15 bytes of memory for each byte of text.
std::vector<Piece> parse_statements(std::string_view sql);
// By PostgreSQL's parser; by its scanner for text that this parser does not know (a newer server's syntax).
std::vector<Piece> split_statements(std::string_view sql);

// In upper case; "" when it begins with something else. Tells INSERT from VACUUM without parsing, for rows
// may come by the megabyte.
std::string first_word(Piece const& statement);

// CREATE INDEX CONCURRENTLY, as written: names are not quoted, parts left out are empty.
struct ConcurrentIndex {
  std::string schema, table, name;
};
// Nothing for any other statement.
std::optional<ConcurrentIndex> concurrent_index(std::string_view statement);

}  // namespace migrations
