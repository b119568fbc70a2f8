#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/result.hpp"
#include "fleet/secret.hpp"
#include "fleet/statement.hpp"

namespace fleet {

// Where a connection goes and as whom. `keywords` are libpq's (host, port, dbname, user, sslmode, passfile,
// …); the password is never among them: it is a reference, resolved at connect time, or a passfile.
// Connections are made with every PG* variable cleared; what an environment's own DSN takes from them was
// written into `keywords` when the configuration was read.
struct Endpoint {
  std::map<std::string, std::string> keywords;
  Secret password;
  std::string server;  // name for messages: "pg-1", "master"
  std::string tenant;  // slug for messages, empty when no tenant is meant

  std::string get(std::string const& keyword) const;
  Endpoint with_database(std::string name) const;
  // Same place and login have the same key; equal keys may share a pooled connection.
  std::string key() const;
  // "pg-1 (/run/tenantsh:5501)" for messages; no password.
  std::string describe() const;
};

enum class Access { read_only, read_write };

// One connection to one database, over libpqxx and libpq (fleet/postgres/). Not thread-safe but for cancel().
// A lost connection stays lost: the next call throws Error{connect}; nothing reconnects silently.
class Session {
 public:
  virtual ~Session() = default;
  Session(Session const&) = delete;
  Session& operator=(Session const&) = delete;

  // Runs exactly one statement through the extended protocol (several are an error of the server's).
  // Errors: sql (fields from the server), connect (lost), in_doubt (lost outside a transaction, on a
  // read-write session, in a statement that does not begin like a read).
  virtual Result query(Statement const& statement) = 0;
  // Runs several statements at once through the simple protocol. The text must not contain transaction
  // control when a transaction is open: COMMIT in it would end ours. Checked afterwards, from the command
  // tags and the server's own state: Error{refused} says that the text ended the transaction itself. Returns
  // the last result.
  virtual Result script(std::string_view sql) = 0;

  // `settings` (SET …; …) are sent along with BEGIN, in one round trip; one that fails ends the transaction.
  virtual void begin(Access access, std::string_view settings = {}) = 0;
  // Error{sql 25P02} when a statement of the transaction failed, even if that error was swallowed;
  // Error{in_doubt} when the connection was lost before the answer came.
  // `last` (statements) is sent along with COMMIT, in one round trip; when it fails, nothing is committed.
  virtual void commit(std::string_view last = {}) = 0;
  virtual void rollback() noexcept = 0;
  virtual bool in_transaction() const = 0;

  // Looks at the socket without waiting: an idle session whose server went away says false.
  virtual bool is_open() const noexcept = 0;
  virtual int backend_pid() const noexcept = 0;
  virtual int server_version() const noexcept = 0;  // 150020
  virtual std::string database() const = 0;
  virtual std::string quote_identifier(std::string_view name) const = 0;
  virtual std::string quote_literal(std::string_view text) const = 0;
  // SCRAM verifier for ALTER ROLE … PASSWORD, so that a new password never crosses the wire or a log.
  virtual std::string password_verifier(std::string const& role, std::string const& password) const = 0;
  // query() whose rows go to `sink` one by one, as they come, on this thread: none is kept. What the sink
  // throws ends the statement on the server and comes out here. An error may follow rows that were handed
  // over.
  virtual void stream(Statement const& statement, class RowSink& sink) = 0;
  // COPY … TO STDOUT into `sink`, a buffer (64 KiB or more) at a time. Error{usage} when it is something
  // else.
  virtual void copy_out(std::string_view copy_sql, class CopySink& sink) = 0;

  // Asks the server to cancel what runs here; that statement then ends with Error{interrupted}. When nothing
  // runs, the next statement does, so that no Ctrl-C falls between two; rollback() forgets it. Any thread,
  // any time.
  virtual void cancel() noexcept = 0;

 protected:
  Session() = default;
};

class CopySink {
 public:
  virtual ~CopySink() = default;
  virtual void write(std::string_view bytes) = 0;
};

class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void columns(
      std::vector<Column> const& columns) = 0;  // once, before the rows, also when there are none
  // One row's cells in PostgreSQL's text format, NULL as nullopt; they live until the call returns.
  virtual void row(std::vector<std::optional<std::string_view>> const& cells) = 0;
};

// begin … commit as a scope: rolls back unless commit() was reached.
class Transaction {
 public:
  Transaction(Session& session, Access access, std::string_view settings = {}) : session_(session) {
    session_.begin(access, settings);
  }
  ~Transaction() {
    if (!done_) session_.rollback();
  }
  Transaction(Transaction const&) = delete;
  Transaction& operator=(Transaction const&) = delete;
  void commit(std::string_view last = {}) {
    done_ = true;
    session_.commit(last);
  }

 private:
  Session& session_;
  bool done_ = false;
};

struct ConnectOptions {
  Access access = Access::read_write;
  std::string role;  // SET ROLE at start-up, e.g. tenantsh_reader
  std::string application_name =
      "tenantsh";                // who is asking, see Operator::application_name; cut to 63 bytes
  int connect_timeout_s = 10;    // per host; the endpoint's own connect_timeout wins; 0: no limit
  int statement_timeout_ms = 0;  // 0: none
  int lock_timeout_ms = 0;       // 0: none
  std::stop_token stop;          // ends the attempt with Error{interrupted}
};

// What needs libpq, libpqxx and libcrypto. LazyDriver (fleet/driver.hpp) loads it when something first
// connects or digests: those libraries cost 5 ms of start-up, and evaluating an expression must cost none of
// it.
class Driver {
 public:
  virtual ~Driver() = default;
  // `secrets` outlives the session: every error text is redacted with it. No passfile is read unless the
  // endpoint names one, and Error{refused} is thrown while a PG* variable that libpq reads is still set.
  // Errors: connect (sqlstate as the server gave it: 3D000, 28P01, 53300, …), refused (options.role cannot be
  // taken there), whatever Secrets::resolve throws.
  virtual std::unique_ptr<Session> connect(Endpoint const& endpoint, Secrets& secrets,
                                           ConnectOptions const& options) = 0;
  // Lower-case hex SHA-256.
  virtual std::string sha256(std::string_view bytes) const = 0;
  virtual std::string sha256_file(std::string const& path) const = 0;
  // A random password of `length` characters from [A-Za-z0-9].
  virtual std::string random_token(std::size_t length) const = 0;
  // libpq's keyword → value map of a DSN or URI. Throws Error{config} with libpq's reason.
  virtual std::map<std::string, std::string> parse_dsn(std::string const& dsn) const = 0;
  // Environment variable → libpq keyword, as libpq itself defines them ("PGHOST" → "host").
  virtual std::map<std::string, std::string> environment_keywords() const = 0;
};

}  // namespace fleet
