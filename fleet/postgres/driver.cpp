#include <libpq-fe.h>

#include <cstring>
#include <memory>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/postgres/digest.hpp"
#include "fleet/postgres/dsn.hpp"
#include "fleet/postgres/module.hpp"
#include "fleet/postgres/session.hpp"

namespace fleet::postgres {
namespace {

class PostgresDriver final : public Driver {
 public:
  explicit PostgresDriver(SessionWatch watch)
      : watch_(std::make_shared<SessionWatch const>(std::move(watch))) {}

  std::unique_ptr<Session> connect(Endpoint const& endpoint, Secrets& secrets,
                                   ConnectOptions const& options) override {
    return std::make_unique<PostgresSession>(endpoint, secrets, open_handle(endpoint, secrets, options),
                                             options, *watch_ ? watch_ : nullptr);
  }
  std::string sha256(std::string_view bytes) const override { return postgres::sha256(bytes); }
  std::string sha256_file(std::string const& path) const override { return postgres::sha256_file(path); }
  std::string random_token(std::size_t length) const override { return postgres::random_token(length); }
  std::map<std::string, std::string> parse_dsn(std::string const& dsn) const override {
    return postgres::parse_dsn(dsn);
  }
  std::map<std::string, std::string> environment_keywords() const override {
    return postgres::environment_keywords();
  }

 private:
  std::shared_ptr<SessionWatch const> watch_;  // sessions may outlive us
};

}  // namespace
}  // namespace fleet::postgres

extern "C" __attribute__((visibility("default"))) fleet::Driver* tenantsh_postgres_driver(
    char const* build, fleet::SessionWatch const* watch) {
  if (std::strcmp(build, fleet::postgres::build) != 0) return nullptr;
  return new fleet::postgres::PostgresDriver{*watch};
}
