#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/postgres/handle.hpp"
#include "fleet/result.hpp"

namespace fleet::postgres {

Result to_result(PGresult const* answer);

// Error{sql} with every field the server gave.
Error sql_error(PGresult const* answer, std::string_view statement);

// What one request brought back, in order, to the last message: the connection is idle again or lost.
struct Conversation {
  Answer last;                    // of the last statement that went well
  std::optional<Error> error;     // the first one
  std::vector<std::string> tags;  // command tags of what went well
  bool copied = false;            // a COPY wanted to talk to us and was ended
};

// Reads every answer to a request that was sent. A COPY FROM STDIN is failed, a COPY TO STDOUT read and
// thrown away: the caller did not ask for one.
Conversation converse(PGconn* connection, std::string_view statement);

// The same for one statement whose rows `sink` gets as they come. What the sink throws is kept: `give_up` is
// called (it cancels the statement), the rest is read and thrown away, then it is thrown again.
Conversation converse(PGconn* connection, std::string_view statement, RowSink& sink,
                      std::function<void()> const& give_up);

}  // namespace fleet::postgres
