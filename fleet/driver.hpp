#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "fleet/session.hpp"
#include "fleet/session_watch.hpp"

namespace fleet {

// A Driver that loads the module `tenantsh-postgres.so` from `folder` at the first call that needs it.
// Thread-safe. Throws Error{tool} naming the path when the module is missing or of another build.
class LazyDriver final : public Driver {
 public:
  // `watch` sees every statement of every session; empty in ordinary work.
  explicit LazyDriver(std::filesystem::path folder, SessionWatch watch = {});
  // Where the module lies for the running program: beside it (build tree), or in ../lib/tenantsh (installed).
  static std::filesystem::path find_folder();
  ~LazyDriver() override;

  std::unique_ptr<Session> connect(Endpoint const& endpoint, Secrets& secrets,
                                   ConnectOptions const& options) override;
  std::string sha256(std::string_view bytes) const override;
  std::string sha256_file(std::string const& path) const override;
  std::string random_token(std::size_t length) const override;
  std::map<std::string, std::string> parse_dsn(std::string const& dsn) const override;
  std::map<std::string, std::string> environment_keywords() const override;

 private:
  Driver& loaded() const;

  std::filesystem::path folder_;
  SessionWatch watch_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<Driver> driver_;
};

}  // namespace fleet
