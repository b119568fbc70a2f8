#include "fleet/backup_metrics.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>

#include "fleet/private_files.hpp"

namespace fleet {
namespace {

std::int64_t seconds(std::chrono::system_clock::duration since) {
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

std::string label_value(std::string const& text) {
  std::string escaped;
  for (char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n')
      escaped += "\\n";
    else
      escaped += c;
  }
  return escaped;
}

}  // namespace

std::string metrics_text(std::vector<BackupMetrics> const& tenants, std::string const& environment,
                         BackupMetrics::Time now) {
  std::string text;
  auto const family = [&](std::string const& name, std::string const& help,
                          std::function<std::optional<std::int64_t>(BackupMetrics const&)> const& value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
    for (BackupMetrics const& each : tenants)
      if (auto const found = value(each))
        text += fmt::format("{}{{environment=\"{}\",tenant=\"{}\"}} {}\n", name, label_value(environment),
                            label_value(each.tenant), *found);
  };
  using Value = std::optional<std::int64_t>;
  family("tenantsh_backup_last_good_timestamp_seconds", "When the newest good backup was taken.",
         [](BackupMetrics const& each) {
           return each.last_good ? Value{seconds(each.last_good->time_since_epoch())} : Value{};
         });
  family("tenantsh_backup_last_good_age_seconds", "How old the newest good backup was when this was written.",
         [&](BackupMetrics const& each) {
           return each.last_good ? Value{seconds(now - *each.last_good)} : Value{};
         });
  family("tenantsh_backup_last_good_bytes", "Size of the newest good backup.", [](BackupMetrics const& each) {
    return each.last_good ? Value{static_cast<std::int64_t>(each.last_good_bytes)} : Value{};
  });
  family("tenantsh_backup_good", "1 when the tenant has a good backup at all.",
         [](BackupMetrics const& each) { return Value{each.last_good ? 1 : 0}; });
  family("tenantsh_backup_last_attempt_success", "1 when the last attempt ended well, 0 when it failed.",
         [](BackupMetrics const& each) { return each.success ? Value{*each.success ? 1 : 0} : Value{}; });
  text += fmt::format(
      "# HELP tenantsh_backup_written_timestamp_seconds When this file was written.\n"
      "# TYPE tenantsh_backup_written_timestamp_seconds gauge\n"
      "tenantsh_backup_written_timestamp_seconds{{environment=\"{}\"}} {}\n",
      label_value(environment), seconds(now.time_since_epoch()));
  return text;
}

void write_metrics(std::filesystem::path const& path, std::string const& text) {
  // Under another ending: the exporter reads *.prom only.
  std::filesystem::path const made = path.string() + ".making";
  write_private_file(made, text);
  if (::chmod(made.c_str(), 0644) != 0 || ::rename(made.c_str(), path.c_str()) != 0) {
    int const problem = errno;
    ::unlink(made.c_str());
    throw io_error("write", path, problem);
  }
}

}  // namespace fleet
