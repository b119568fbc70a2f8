#include "fleet/postgres/answer.hpp"

#include <cstdlib>

namespace fleet::postgres {
namespace {

std::string field(PGresult const* answer, int code) {
  char const* text = PQresultErrorField(answer, code);
  return text ? text : "";
}

bool counts_changes(std::string_view tag) {
  for (char const* verb : {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})
    if (tag.starts_with(verb)) return true;
  return false;
}

void discard_copy_out(PGconn* connection) {
  char* row = nullptr;
  while (PQgetCopyData(connection, &row, 0) > 0) PQfreemem(row);
}

}  // namespace

Result to_result(PGresult const* answer) {
  int const width = PQnfields(answer);
  std::vector<Column> columns;
  columns.reserve(static_cast<std::size_t>(width));
  for (int i = 0; i < width; ++i) columns.push_back({PQfname(answer, i), PQftype(answer, i)});
  Result result{std::move(columns)};
  for (int row = 0; row < PQntuples(answer); ++row)
    for (int i = 0; i < width; ++i) {
      if (PQgetisnull(answer, row, i))
        result.append(std::nullopt);
      else
        result.append(std::string_view{PQgetvalue(answer, row, i),
                                       static_cast<std::size_t>(PQgetlength(answer, row, i))});
    }
  // libpq takes the result by pointer to non-const but only reads the tag.
  auto* readable = const_cast<PGresult*>(answer);
  result.command = PQcmdStatus(readable);
  if (counts_changes(result.command)) result.affected = std::strtoull(PQcmdTuples(readable), nullptr, 10);
  return result;
}

Error sql_error(PGresult const* answer, std::string_view statement) {
  std::string message = one_line(field(answer, PG_DIAG_MESSAGE_PRIMARY).c_str());
  if (message.empty()) message = one_line(PQresultErrorMessage(answer));
  Error error{ErrorKind::sql, std::move(message)};
  error.sqlstate = field(answer, PG_DIAG_SQLSTATE);
  error.detail = field(answer, PG_DIAG_MESSAGE_DETAIL);
  error.hint = field(answer, PG_DIAG_MESSAGE_HINT);
  error.constraint = field(answer, PG_DIAG_CONSTRAINT_NAME);
  error.position = std::atoi(field(answer, PG_DIAG_STATEMENT_POSITION).c_str());
  error.statement = statement;
  return error;
}

Conversation converse(PGconn* connection, std::string_view statement) {
  Conversation talk;
  while (Answer answer{PQgetResult(connection)}) {
    switch (PQresultStatus(answer.get())) {
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        talk.tags.emplace_back(PQcmdStatus(answer.get()));
        talk.last = std::move(answer);
        break;
      case PGRES_COPY_IN:
        talk.copied = true;
        PQputCopyEnd(connection, "tenantsh sends no data to COPY FROM STDIN");
        break;
      case PGRES_COPY_OUT:
        talk.copied = true;
        discard_copy_out(connection);
        break;
      default:
        if (!talk.error) talk.error = sql_error(answer.get(), statement);
        break;
    }
    // After a lost connection PQgetResult would report it again and again in COPY states.
    if (PQstatus(connection) == CONNECTION_BAD) {
      if (!talk.error) {
        talk.error.emplace(ErrorKind::connect, one_line(PQerrorMessage(connection)));
        talk.error->statement = statement;
      }
      break;
    }
  }
  return talk;
}

}  // namespace fleet::postgres
