#include "fleet/postgres/session.hpp"

#include <poll.h>

#include <cctype>
#include <exception>
#include <utility>

namespace fleet::postgres {
namespace {

constexpr std::size_t copy_buffer = 64 * 1024;

void refuse_nul(std::string_view text, char const* what) {
  if (text.find('\0') != std::string_view::npos)
    throw Error{ErrorKind::usage, std::string{what} + " holds a NUL byte, which PostgreSQL cannot take"};
}

// First word of a statement in upper case, past white space, comments and opening parentheses.
std::string first_word(std::string_view sql) {
  std::size_t i = 0;
  while (i < sql.size()) {
    std::string_view const rest = sql.substr(i);
    if (rest.starts_with("--")) {
      i = sql.find('\n', i);
    } else if (rest.starts_with("/*")) {
      i = sql.find("*/", i + 2);
      if (i != std::string_view::npos) i += 2;
    } else if (std::isspace(static_cast<unsigned char>(sql[i])) || sql[i] == '(') {
      ++i;
    } else {
      break;
    }
    if (i == std::string_view::npos) return {};
  }
  std::string word;
  for (; i < sql.size() && std::isalpha(static_cast<unsigned char>(sql[i])); ++i)
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(sql[i])));
  return word;
}

bool begins_like_a_read(std::string_view sql) {
  std::string const word = first_word(sql);
  for (char const* read : {"", "BEGIN", "SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN"})
    if (word == read) return true;
  return false;
}

bool readable(PGconn* connection, int wait_ms) {
  pollfd wait{PQsocket(connection), POLLIN, 0};
  return poll(&wait, 1, wait_ms) > 0;
}

void send_cancel(PGcancel* cancel) noexcept {
  char ignored[256];
  if (cancel) PQcancel(cancel, ignored, sizeof ignored);
}

void ignore_notice(void*, PGresult const*) {}

}  // namespace

PostgresSession::PostgresSession(Endpoint endpoint, Secrets& secrets, Opened opened,
                                 ConnectOptions const& options, std::shared_ptr<SessionWatch const> watch)
    : endpoint_(std::move(endpoint)),
      secrets_(secrets),
      handle_(opened.handle.get()),
      connection_(std::move(opened.handle)),
      cancel_(PQgetCancel(handle_)),
      access_(options.access),
      settings_(std::move(opened.settings)),
      role_(options.role),
      watch_(std::move(watch)) {
  // libpqxx installs a notice processor that prints to stderr.
  PQsetNoticeReceiver(handle_, ignore_notice, nullptr);
}

Error PostgresSession::dress(Error error) const {
  if (lost()) {
    error.kind = ErrorKind::connect;
    error.message = "the connection to " + endpoint_.describe() + " was lost: " + error.message;
  } else if (error.sqlstate == "57014" && cancel_asked_) {
    error.kind = ErrorKind::interrupted;
  }
  error.message = secrets_.redact(std::move(error.message));
  error.detail = secrets_.redact(std::move(error.detail));
  error.hint = secrets_.redact(std::move(error.hint));
  error.statement = secrets_.redact(std::move(error.statement));
  error.server = endpoint_.server;
  error.tenant = endpoint_.tenant;
  // A session of ours that may write, and a database that begins its transactions read-only.
  if (error.sqlstate == "25006" && access_ == Access::read_write && !error.tenant.empty() &&
      error.hint.empty())
    error.hint = "is it fenced? tenantsh tenants fence --tenants " + error.tenant;
  return error;
}

void PostgresSession::require_open() const {
  if (is_open()) return;
  Error error{ErrorKind::connect, "the connection to " + endpoint_.describe() + " is closed"};
  error.hint = "what was set in that session is gone: start again with a new one";
  error.server = endpoint_.server;
  error.tenant = endpoint_.tenant;
  throw error;
}

void PostgresSession::began_sending(std::string const& sql) {
  watched(Handing::sending, sql);
  require_open();
  if (cancel_asked_.exchange(false)) throw dress({ErrorKind::interrupted, "interrupted"});
}

void PostgresSession::finished_sending(int sent, std::string const& sql) {
  if (!sent && PQstatus(handle_) == CONNECTION_OK)
    throw dress({ErrorKind::usage, "cannot send the statement: " + one_line(PQerrorMessage(handle_))});
  // A cancel() since began_sending() may have reached a server that had not seen the statement yet.
  while (sent && cancel_asked_ && !readable(handle_, 50)) send_cancel(cancel_.get());
  watched(Handing::sent, sql);
}

void PostgresSession::send(std::string const& sql, Statement::Parameters const& params) {
  refuse_nul(sql, "the statement");
  if (params.size() > 65535) throw Error{ErrorKind::usage, "a statement takes at most 65535 parameters"};
  std::vector<char const*> values;
  values.reserve(params.size());
  for (auto const& value : params) {
    if (value) refuse_nul(*value, "a parameter");
    values.push_back(value ? value->c_str() : nullptr);
  }
  began_sending(sql);
  finished_sending(PQsendQueryParams(handle_, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                     values.data(), nullptr, nullptr, 0),
                   sql);
}

void PostgresSession::send_script(std::string const& sql) {
  refuse_nul(sql, "the SQL text");
  began_sending(sql);
  finished_sending(PQsendQuery(handle_, sql.c_str()), sql);
}

void PostgresSession::fail(Error error, std::string const& sql) {
  bool const unknown = lost() && !begun_ && access_ == Access::read_write && !begins_like_a_read(sql);
  Error dressed = dress(std::move(error));
  if (unknown) {
    dressed.kind = ErrorKind::in_doubt;
    dressed.hint = "whether the statement took effect is unknown: look before running it again";
  }
  if (dressed.kind == ErrorKind::interrupted) cancel_asked_ = false;
  if (begun_ && first_failure_.empty()) first_failure_ = dressed.message;
  throw dressed;
}

void PostgresSession::check_transaction(Conversation const& talk, std::string const& sql) {
  auto const status = PQtransactionStatus(handle_);
  std::string meddled;
  for (std::string const& tag : talk.tags) {
    if (tag == "SAVEPOINT") savepoints_ = true;
    // ROLLBACK TO SAVEPOINT has the same tag as ROLLBACK.
    if (tag == "COMMIT" || tag == "BEGIN" || tag == "START TRANSACTION" || tag == "PREPARE TRANSACTION" ||
        (tag == "ROLLBACK" && !savepoints_)) {
      meddled = tag;
      break;
    }
  }
  bool const idle = status == PQTRANS_IDLE;
  if (begun_ ? meddled.empty() && !idle : idle) return;

  Error error{ErrorKind::refused, begun_ ? "the text ended the transaction itself" +
                                               (meddled.empty() ? std::string{} : " (" + meddled + ")")
                                         : "the text began a transaction and left it open"};
  error.hint = begun_ ? "leave BEGIN, COMMIT and ROLLBACK out of it: what it did up to there may be committed"
                      : "it was rolled back; use a transaction of the session's own";
  error.statement = sql;
  rollback();
  throw dress(std::move(error));
}

Result PostgresSession::finish(Conversation talk, std::string const& sql) {
  if (lost()) fail(talk.error ? std::move(*talk.error) : Error{ErrorKind::connect, "no answer"}, sql);
  check_transaction(talk, sql);
  if (talk.copied) {
    Error error{ErrorKind::refused, "COPY from or to the client does not work here"};
    error.hint = "use INSERT, or COPY … TO STDOUT through an export";
    error.statement = sql;
    fail(std::move(error), sql);
  }
  if (talk.error) fail(std::move(*talk.error), sql);
  return talk.last ? to_result(talk.last.get()) : Result{};
}

bool PostgresSession::needs_transaction() const {
  if (settings_.empty() || begun_) return false;
  if (access_ == Access::read_only) return true;
  throw dress(Error{ErrorKind::refused, "a connection pooler stands at " + endpoint_.describe() +
                                            ": a timeout or a role holds only inside a transaction there"}
                  .with_hint("connect past the pooler, or leave out --timeout"));
}

Result PostgresSession::query(Statement const& statement) {
  if (needs_transaction()) {
    Transaction enclosing{*this, access_};
    Result result = query(statement);
    enclosing.commit();
    return result;
  }
  send(statement.sql, statement.params);
  return finish(converse(handle_, statement.sql), statement.sql);
}

void PostgresSession::stream(Statement const& statement, RowSink& sink) {
  if (needs_transaction()) {
    Transaction enclosing{*this, access_};
    stream(statement, sink);
    return enclosing.commit();
  }
  send(statement.sql, statement.params);
  // Refused only where nothing is under way; then converse() says what there is to say.
  PQsetSingleRowMode(handle_);
  std::optional<Conversation> talk;
  try {
    talk = converse(handle_, statement.sql, sink, [this] { send_cancel(cancel_.get()); });
  } catch (std::exception const&) {
    if (!begun_) rollback();
    throw;
  }
  finish(std::move(*talk), statement.sql);
}

Result PostgresSession::script(std::string_view text) {
  if (needs_transaction()) {
    Transaction enclosing{*this, access_};
    Result result = script(text);
    enclosing.commit();
    return result;
  }
  std::string const sql{text};
  send_script(sql);
  return finish(converse(handle_, sql), sql);
}

void PostgresSession::begin(Access access, std::string_view settings) {
  if (begun_) throw dress({ErrorKind::usage, "a transaction is open already"});
  if (access == Access::read_write && access_ == Access::read_only)
    throw dress({ErrorKind::usage, "this session can only read"});
  // Plain BEGIN for writes: a database fenced with default_transaction_read_only stays fenced.
  std::string sql = access == Access::read_only ? "BEGIN READ ONLY" : "BEGIN";
  if (!settings_.empty()) sql += "; " + settings_;
  if (!settings.empty()) sql += "; " + std::string{settings};
  send_script(sql);
  Conversation talk = converse(handle_, sql);
  if (talk.error) {
    if (!lost()) rollback();
    // As connect_error() says it of a direct connection.
    if (!settings_.empty() && talk.error->message.find("role") != std::string::npos &&
        (talk.error->sqlstate == "22023" || talk.error->sqlstate == "42501")) {
      talk.error->kind = ErrorKind::refused;
      talk.error->message = endpoint_.describe() + " does not let " + endpoint_.get("user") + " act as " +
                            role_ + ": " + talk.error->message;
      talk.error->hint = "`tenantsh run register_server` creates that role and grants it";
    }
    fail(std::move(*talk.error), sql);
  }
  begun_ = true;
  savepoints_ = false;
  first_failure_.clear();
}

void PostgresSession::commit(std::string_view last) {
  if (!begun_) throw dress({ErrorKind::usage, "there is no transaction to commit"});
  Error poisoned{ErrorKind::sql, "a statement of this transaction failed, so nothing of it was committed"};
  poisoned.sqlstate = "25P02";
  if (!first_failure_.empty()) poisoned.detail = "the first failure was: " + first_failure_;
  if (!is_open()) {
    begun_ = false;
    throw dress({ErrorKind::connect, "COMMIT was not sent, so the server rolls the transaction back"});
  }
  if (PQtransactionStatus(handle_) != PQTRANS_INTRANS) {
    rollback();
    throw dress(std::move(poisoned));
  }
  std::string const commit = "COMMIT";
  std::string const sql = last.empty() ? commit : std::string{last} + "; " + commit;
  refuse_nul(sql, "the SQL text");
  watched(Handing::sending, sql);
  finished_sending(PQsendQuery(handle_, sql.c_str()), sql);
  Conversation talk = converse(handle_, sql);
  begun_ = false;
  if (lost()) {
    Error error = dress(talk.error ? std::move(*talk.error) : Error{ErrorKind::connect, "no answer"});
    error.kind = ErrorKind::in_doubt;
    error.hint =
        "COMMIT was sent and its answer lost: look whether the change is there before running it again";
    throw error;
  }
  if (talk.error) {
    rollback();
    fail(std::move(*talk.error), sql);
  }
  if (talk.tags.empty() || talk.tags.back() != commit) throw dress(std::move(poisoned));
}

void PostgresSession::rollback() noexcept {
  try {
    begun_ = false;
    cancel_asked_ = false;
    if (!is_open() || PQtransactionStatus(handle_) == PQTRANS_IDLE) return;
    if (PQsendQuery(handle_, "ROLLBACK")) converse(handle_, "ROLLBACK");
    if (PQtransactionStatus(handle_) != PQTRANS_IDLE) unusable_ = true;
  } catch (std::exception const&) {
    unusable_ = true;
  }
}

bool PostgresSession::in_transaction() const {
  return begun_ || (!lost() && PQtransactionStatus(handle_) != PQTRANS_IDLE);
}

bool PostgresSession::is_open() const noexcept {
  if (unusable_) return false;
  // An idle server speaks only to say goodbye, or to report a changed setting. The goodbye and the end of the
  // stream can come in two reads.
  for (int reads = 0; reads < 4 && !lost() && PQtransactionStatus(handle_) != PQTRANS_ACTIVE; ++reads)
    if (!readable(handle_, 0) || !PQconsumeInput(handle_)) break;
  return !lost();
}

std::string PostgresSession::quote_identifier(std::string_view name) const {
  refuse_nul(name, "the name");
  require_open();
  return connection_.quote_name(std::string{name});
}

std::string PostgresSession::quote_literal(std::string_view text) const {
  refuse_nul(text, "the text");
  require_open();
  return connection_.quote(std::string{text});
}

std::string PostgresSession::password_verifier(std::string const& role, std::string const& password) const {
  char* verifier = PQencryptPasswordConn(handle_, password.c_str(), role.c_str(), "scram-sha-256");
  if (!verifier) throw dress({ErrorKind::failed, "cannot encrypt the password of role " + role});
  std::string text = verifier;
  PQfreemem(verifier);
  return text;
}

void PostgresSession::copy_out(std::string_view copy_sql, CopySink& sink) {
  if (needs_transaction()) {
    Transaction enclosing{*this, access_};
    copy_out(copy_sql, sink);
    return enclosing.commit();
  }
  std::string const sql{copy_sql};
  send(sql, {});
  Answer first{PQgetResult(handle_)};
  if (PQresultStatus(first.get()) != PGRES_COPY_OUT) {
    Error error{ErrorKind::usage, "this is no COPY … TO STDOUT"};
    if (PQresultStatus(first.get()) == PGRES_FATAL_ERROR) error = sql_error(first.get(), sql);
    if (PQresultStatus(first.get()) == PGRES_COPY_IN) PQputCopyEnd(handle_, "tenantsh has no data for it");
    Conversation rest = converse(handle_, sql);
    if (!lost()) check_transaction(rest, sql);
    fail(std::move(error), sql);
  }
  std::exception_ptr sink_failure;
  std::string buffer;
  buffer.reserve(2 * copy_buffer);
  auto hand_over = [&] {
    try {
      if (!sink_failure) sink.write(buffer);
    } catch (std::exception const&) {
      sink_failure = std::current_exception();
      send_cancel(cancel_.get());
    }
    buffer.clear();
  };
  char* row = nullptr;
  for (int length; (length = PQgetCopyData(handle_, &row, 0)) > 0;) {
    buffer.append(row, static_cast<std::size_t>(length));
    PQfreemem(row);
    if (buffer.size() >= copy_buffer) hand_over();
  }
  Conversation rest = converse(handle_, sql);
  if (!rest.error && !buffer.empty()) hand_over();
  if (sink_failure) std::rethrow_exception(sink_failure);
  finish(std::move(rest), sql);
}

void PostgresSession::cancel() noexcept {
  cancel_asked_ = true;
  send_cancel(cancel_.get());
}

}  // namespace fleet::postgres
