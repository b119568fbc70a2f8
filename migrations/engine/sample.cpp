#include "migrations/engine/sample.hpp"

#include "fleet/cancel_on_stop.hpp"
#include "fleet/error.hpp"
#include "migrations/engine/row_counts.hpp"

namespace migrations {

SampleReport generate(fleet::Session& session, std::string_view generator, SampleOptions const& options) {
  if (options.members < 0)
    throw fleet::Error{fleet::ErrorKind::usage,
                       "a number of members cannot be " + std::to_string(options.members)};
  auto const start = std::chrono::steady_clock::now();
  SampleReport report;
  fleet::Transaction transaction{session, fleet::Access::read_write};
  session.query(
      {"select pg_catalog.set_config('tenantsh.members', $1, true), "
       "pg_catalog.set_config('tenantsh.seed', $2, true)",
       {std::to_string(options.members), options.seed}});
  RowCounter const counter{session};
  try {
    fleet::CancelOnStop const cancel{session, options.stop};
    session.script(generator);
  } catch (fleet::Error const& error) {
    if (!options.stop.stop_requested()) throw;
    throw fleet::Error{fleet::ErrorKind::interrupted, "stopped; no sample rows were kept"};
  }
  for (auto const& [table, counts] : counter.by_table()) {
    report.inserted[table] = counts.inserted;
    report.rows += counts.inserted;
  }
  transaction.commit();
  report.elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  return report;
}

}  // namespace migrations
