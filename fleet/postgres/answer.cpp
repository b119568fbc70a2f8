#include "fleet/postgres/answer.hpp"

#include <cstdlib>
#include <exception>
#include <functional>

namespace fleet::postgres {
namespace {

std::string field(PGresult const* answer, int code) {
  char const* text = PQresultErrorField(answer, code);
  return text ? text : "";
}

std::vector<Column> columns_of(PGresult const* answer) {
  std::vector<Column> columns;
  columns.reserve(static_cast<std::size_t>(PQnfields(answer)));
  for (int i = 0; i < PQnfields(answer); ++i) columns.push_back({PQfname(answer, i), PQftype(answer, i)});
  return columns;
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
  Result result{columns_of(answer)};
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

namespace {

// Hands rows on until the first time that the sink throws.
class Pouring {
 public:
  Pouring(RowSink& sink, std::function<void()> const& give_up) : sink_(sink), give_up_(give_up) {}

  void operator()(PGresult const* answer) {
    if (failure_) return;
    try {
      pour(answer);
    } catch (std::exception const&) {
      failure_ = std::current_exception();
      give_up_();
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void pour(PGresult const* answer) {
    if (!begun_) {
      std::vector<Column> const columns = columns_of(answer);
      cells_.resize(columns.size());
      begun_ = true;
      sink_.columns(columns);
    }
    for (int row = 0; row < PQntuples(answer); ++row) {
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        int const column = static_cast<int>(i);
        if (PQgetisnull(answer, row, column))
          cells_[i].reset();
        else
          cells_[i].emplace(PQgetvalue(answer, row, column),
                            static_cast<std::size_t>(PQgetlength(answer, row, column)));
      }
      sink_.row(cells_);
    }
  }

  RowSink& sink_;
  std::function<void()> const& give_up_;
  std::vector<std::optional<std::string_view>> cells_;
  bool begun_ = false;
  std::exception_ptr failure_;
};

using Taker = std::function<void(PGresult const*)>;

Conversation converse_with(PGconn* connection, std::string_view statement, Taker const& rows) {
  Conversation talk;
  while (Answer answer{PQgetResult(connection)}) {
    switch (PQresultStatus(answer.get())) {
      case PGRES_SINGLE_TUPLE: rows(answer.get()); break;
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        if (rows) rows(answer.get());  // the columns where there was no row
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

}  // namespace

Conversation converse(PGconn* connection, std::string_view statement) {
  return converse_with(connection, statement, {});
}

Conversation converse(PGconn* connection, std::string_view statement, RowSink& sink,
                      std::function<void()> const& give_up) {
  Pouring pouring{sink, give_up};
  Conversation talk = converse_with(connection, statement, std::ref(pouring));
  pouring.rethrow();
  return talk;
}

}  // namespace fleet::postgres
