#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "fleet/postgres/answer.hpp"
#include "fleet/postgres/connection.hpp"
#include "fleet/session.hpp"
#include "fleet/session_watch.hpp"

namespace fleet::postgres {

// libpqxx owns the connection and quotes; statements and transactions run with libpq on the same handle.
// Why not pqxx::transaction: it sends BEGIN with the first statement that goes through itself, so a COMMIT of
// statements that went past it would never be sent, and a failed COMMIT (a deferred constraint) would come
// back without detail and constraint name.
class PostgresSession final : public Session {
 public:
  // `watch`: null in ordinary work.
  PostgresSession(Endpoint endpoint, Secrets& secrets, Opened opened, ConnectOptions const& options,
                  std::shared_ptr<SessionWatch const> watch);

  Result query(Statement const& statement) override;
  Result script(std::string_view sql) override;
  void begin(Access access, std::string_view settings) override;
  void commit(std::string_view last) override;
  void rollback() noexcept override;
  bool in_transaction() const override;
  bool is_open() const noexcept override;
  int backend_pid() const noexcept override { return PQbackendPID(handle_); }
  int server_version() const noexcept override { return PQserverVersion(handle_); }
  std::string database() const override { return PQdb(handle_); }
  std::string quote_identifier(std::string_view name) const override;
  std::string quote_literal(std::string_view text) const override;
  std::string password_verifier(std::string const& role, std::string const& password) const override;
  void stream(Statement const& statement, RowSink& sink) override;
  void copy_out(std::string_view copy_sql, CopySink& sink) override;
  void cancel() noexcept override;

 private:
  struct FreeCancel {
    void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
  };

  void require_open() const;
  // Behind a pooler a statement outside a transaction needs one, for its settings. Error{refused} when it may
  // write: a transaction around it could change what it does.
  bool needs_transaction() const;
  // Sends one statement (extended protocol) or a script (simple, no parameters); a pending cancel() wins.
  void send(std::string const& sql, Statement::Parameters const& params);
  void send_script(std::string const& sql);
  void began_sending(std::string const& sql);
  void finished_sending(int sent, std::string const& sql);
  void watched(Handing handing, std::string const& sql) const {
    if (watch_) (*watch_)(handing, sql);
  }
  // The last result of what was sent, or its error.
  Result finish(Conversation talk, std::string const& sql);
  // Throws when the text meddled with the transaction, whatever else it did.
  void check_transaction(Conversation const& talk, std::string const& sql);
  [[noreturn]] void fail(Error error, std::string const& sql);
  // Adds place and kind to what the server said, redacted.
  Error dress(Error error) const;
  bool lost() const noexcept { return PQstatus(handle_) != CONNECTION_OK; }

  Endpoint endpoint_;
  Secrets& secrets_;
  PGconn* handle_;                 // owned by connection_
  mutable Connection connection_;  // libpqxx quotes with non-const functions
  std::unique_ptr<PGcancel, FreeCancel> cancel_;
  std::atomic<bool> cancel_asked_ = false;
  Access access_;
  std::string
      settings_;      // to be said in each transaction: there is a pooler between (fleet/postgres/handle.hpp)
  std::string role_;  // of ConnectOptions
  std::shared_ptr<SessionWatch const> watch_;
  bool begun_ = false;         // by begin(), not yet ended by commit() or rollback()
  bool savepoints_ = false;    // the open transaction has had one
  bool unusable_ = false;      // the state of the connection is not known any more
  std::string first_failure_;  // in the open transaction
};

}  // namespace fleet::postgres
