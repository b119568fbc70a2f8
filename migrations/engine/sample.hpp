#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include "fleet/session.hpp"

namespace migrations {

struct SampleOptions {
  std::int64_t members = 100;
  std::string seed = "sample";  // any text; the same seed gives the same rows
  std::stop_token stop;
};

struct SampleReport {
  std::map<std::string, std::int64_t> inserted;  // "schema.table" → rows
  std::int64_t rows = 0;                         // in all
  std::chrono::milliseconds elapsed{};
};

// Runs a generator (migrations/seeds/tenant_sample.sql) in one transaction. It reads its size and its
// randomness from current_setting('tenantsh.members') and current_setting('tenantsh.seed').
SampleReport generate(fleet::Session& session, std::string_view generator, SampleOptions const& options);

}  // namespace migrations
