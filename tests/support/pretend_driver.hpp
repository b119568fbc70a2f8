#pragma once

#include <functional>
#include <string>

#include "fleet/session.hpp"

namespace tests {

// A driver without a server: every statement is answered by `answer`.
class PretendDriver final : public fleet::Driver {
 public:
  using Answer = std::function<fleet::Result(fleet::Endpoint const&, fleet::Statement const&)>;
  Answer answer;

  std::unique_ptr<fleet::Session> connect(fleet::Endpoint const& endpoint, fleet::Secrets&,
                                          fleet::ConnectOptions const&) override {
    return std::make_unique<PretendSession>(endpoint, answer);
  }
  std::string sha256(std::string_view bytes) const override { return std::to_string(bytes.size()); }
  std::string sha256_file(std::string const& path) const override { return path; }
  std::string random_token(std::size_t length) const override { return std::string(length, 'x'); }
  std::map<std::string, std::string> parse_dsn(std::string const&) const override {
    return {{"host", "/nowhere"}, {"dbname", "master"}, {"user", "admin"}};
  }
  std::map<std::string, std::string> environment_keywords() const override { return {}; }

 private:
  class PretendSession final : public fleet::Session {
   public:
    PretendSession(fleet::Endpoint endpoint, Answer answer)
        : endpoint_(std::move(endpoint)), answer_(std::move(answer)) {}
    fleet::Result query(fleet::Statement const& statement) override {
      if (statement.sql.find("max_connections") == std::string::npos && statement.sql != "DISCARD ALL")
        return answer_(endpoint_, statement);
      fleet::Result bound{{{"bound", fleet::type_oid::int4}}};
      bound.append("10");
      return bound;
    }
    fleet::Result script(std::string_view sql) override { return query(std::string{sql}); }
    void begin(fleet::Access, std::string_view) override { open_ = true; }
    void commit(std::string_view) override { open_ = false; }
    void rollback() noexcept override { open_ = false; }
    bool in_transaction() const override { return open_; }
    bool is_open() const noexcept override { return true; }
    int backend_pid() const noexcept override { return 1; }
    int server_version() const noexcept override { return 150000; }
    std::string database() const override { return endpoint_.get("dbname"); }
    std::string quote_identifier(std::string_view name) const override {
      return "\"" + std::string{name} + "\"";
    }
    std::string quote_literal(std::string_view text) const override { return "'" + std::string{text} + "'"; }
    std::string password_verifier(std::string const&, std::string const&) const override { return "SCRAM"; }
    void stream(fleet::Statement const& statement, fleet::RowSink& sink) override {
      fleet::Result const result = query(statement);
      sink.columns(result.columns());
      std::vector<std::optional<std::string_view>> cells(result.columns().size());
      for (std::size_t row = 0; row < result.rows(); ++row) {
        for (std::size_t column = 0; column < cells.size(); ++column) cells[column] = result.at(row, column);
        sink.row(cells);
      }
    }
    void copy_out(std::string_view, fleet::CopySink&) override {}
    void cancel() noexcept override {}

   private:
    fleet::Endpoint endpoint_;
    Answer answer_;
    bool open_ = false;
  };
};

}  // namespace tests
