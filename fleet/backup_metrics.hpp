#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

// What a monitor is told of one tenant's backups.
struct BackupMetrics {
  using Time = std::chrono::system_clock::time_point;

  std::string tenant;
  std::optional<Time> last_good;  // when the newest good archive was taken
  std::uint64_t last_good_bytes = 0;
  std::optional<bool> success;  // of the last attempt; nullopt: none was made
};

// Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/), for node_exporter's
// textfile folder. The age is that of the moment `now`; the timestamp stays right when nobody writes the
// file.
std::string metrics_text(std::vector<BackupMetrics> const& tenants, std::string const& environment,
                         BackupMetrics::Time now);

// Replaces the file or leaves it as it was; readable by everybody (the exporter is another user). Error{io}.
void write_metrics(std::filesystem::path const& path, std::string const& text);

}  // namespace fleet
