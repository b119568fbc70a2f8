#include "fleet/backup_catalog.hpp"

#include <doctest/doctest.h>

#include "fleet/backup_metrics.hpp"
#include "fleet/error.hpp"

using namespace fleet;

namespace {

auto const now = *parse_compact_time("20260430T000000Z");

// "20260427" good · "20260427 read" good and read back · "20260427 schema" good, schema only · "… broken" ·
// "… partial" left half written · "… at work"
StoredBackup stored(std::string const& text) {
  StoredBackup backup;
  backup.slug = "acme";
  backup.at = text.substr(0, 8) + "T000000Z";
  backup.path = "/b/acme-" + backup.at + ".dump";
  std::string const what = text.size() > 9 ? text.substr(9) : "";
  backup.evidence.state = DumpState::done;
  backup.manifest.emplace();
  backup.manifest->archive = backup.path.filename();
  backup.manifest->bytes = 1000;
  if (what == "read") backup.manifest->verified = {"size", "listing", "counts"};
  if (what == "schema") backup.manifest->mode = DumpMode::schema_only;
  if (what == "broken" || what == "partial" || what == "at work") backup.evidence.state = DumpState::broken;
  if (what == "partial" || what == "at work") {
    backup.manifest.reset();
    backup.evidence.leftover = true;
    backup.partial = backup.path.string() + ".partial";
    backup.at_work = what == "at work";
  }
  return backup;
}

std::string gone(std::vector<std::string> const& texts, Retention const& retention,
                 std::set<std::filesystem::path> const& verified = {}) {
  std::vector<StoredBackup> all;
  for (std::string const& text : texts) all.push_back(stored(text));
  std::string days;
  for (StoredBackup const& backup : to_prune(all, retention, verified, now))
    days += (days.empty() ? "" : " ") + backup.at.substr(6, 2);
  return days;
}

}  // namespace

TEST_CASE("what no rule keeps goes, and never the last good one") {
  std::vector<std::string> const five{"20260401 read", "20260410 read", "20260420 read", "20260428 read",
                                      "20260429 read"};
  CHECK(gone(five, {}) == "");
  CHECK(gone(five, {.keep_days = 7}) == "01 10 20");
  CHECK(gone(five, {.keep_count = 2}) == "01 10 20");
  CHECK(gone(five, {.keep_count = 1}) == "01 10 20 28");
  // Either rule keeps.
  CHECK(gone(five, {.keep_days = 12, .keep_count = 1}) == "01 10");
  CHECK(gone(five, {.keep_days = 1, .keep_count = 4}) == "01");
  // All are too old: the newest stays.
  CHECK(gone({"20260101 read", "20260102 read"}, {.keep_days = 7}) == "01");
  CHECK(gone({"20260101 read"}, {.keep_days = 7}) == "");
}

TEST_CASE("the newest one that was read back stays") {
  CHECK(gone({"20260101 read", "20260102 read", "20260103", "20260104"}, {.keep_days = 7}) == "01 03");
  CHECK(gone({"20260101", "20260102", "20260103"}, {.keep_count = 1}) == "01 02");
  // Master knows of a restore.
  CHECK(gone({"20260101", "20260102", "20260103"}, {.keep_count = 1}, {"/b/acme-20260102T000000Z.dump"}) ==
        "01");
}

TEST_CASE("a mode does not stand for another one") {
  CHECK(gone({"20260101 read", "20260428 schema", "20260429 schema"}, {.keep_count = 1}) == "28");
}

TEST_CASE("what is broken stays for a person, what was left half written goes") {
  std::vector<std::string> const some{"20260101 broken", "20260102 partial", "20260103 at work",
                                      "20260104 read"};
  CHECK(gone(some, {.keep_count = 1}) == "02");
  CHECK(gone(some, {}) == "02");
  // A broken one is not the last good one.
  CHECK(gone({"20260101 read", "20260102 broken"}, {.keep_days = 1}) == "");
  CHECK_THROWS_AS(gone(some, {.keep_days = -1}), Error);
}

TEST_CASE("a size unlike that of the last one is remarked") {
  auto const remark = [](std::uint64_t bytes, std::vector<std::string> const& before) {
    Manifest manifest;
    manifest.archive = "acme-20260430T000000Z.dump";
    manifest.bytes = bytes;
    std::vector<StoredBackup> all;
    for (std::string const& text : before) all.push_back(stored(text));
    return size_remark(manifest, all);
  };
  CHECK(remark(1000, {}) == "");
  CHECK(remark(500, {"20260401"}) == "");
  CHECK(remark(2000, {"20260401"}) == "");
  CHECK(remark(499, {"20260401"}) ==
        "the archive has 1 kB, 49 % of the last one (acme-20260401T000000Z.dump, 1 kB): look at both before "
        "you trust it");
  CHECK(remark(2010, {"20260401"}).find("201 %") != std::string::npos);
  CHECK(remark(1, {"20260401 broken", "20260402 schema", "20260403 partial"}) == "");
}

TEST_CASE("what a monitor is told") {
  BackupMetrics good{.tenant = "acme"}, never{.tenant = "be\"ta"};
  good.last_good = *parse_compact_time("20260429T230000Z");
  good.last_good_bytes = 4096;
  good.success = true;
  never.success = false;
  CHECK(metrics_text({good, never}, "prod", now) ==
        R"(# HELP tenantsh_backup_last_good_timestamp_seconds When the newest good backup was taken.
# TYPE tenantsh_backup_last_good_timestamp_seconds gauge
tenantsh_backup_last_good_timestamp_seconds{environment="prod",tenant="acme"} 1777503600
# HELP tenantsh_backup_last_good_age_seconds How old the newest good backup was when this was written.
# TYPE tenantsh_backup_last_good_age_seconds gauge
tenantsh_backup_last_good_age_seconds{environment="prod",tenant="acme"} 3600
# HELP tenantsh_backup_last_good_bytes Size of the newest good backup.
# TYPE tenantsh_backup_last_good_bytes gauge
tenantsh_backup_last_good_bytes{environment="prod",tenant="acme"} 4096
# HELP tenantsh_backup_good 1 when the tenant has a good backup at all.
# TYPE tenantsh_backup_good gauge
tenantsh_backup_good{environment="prod",tenant="acme"} 1
tenantsh_backup_good{environment="prod",tenant="be\"ta"} 0
# HELP tenantsh_backup_last_attempt_success 1 when the last attempt ended well, 0 when it failed.
# TYPE tenantsh_backup_last_attempt_success gauge
tenantsh_backup_last_attempt_success{environment="prod",tenant="acme"} 1
tenantsh_backup_last_attempt_success{environment="prod",tenant="be\"ta"} 0
# HELP tenantsh_backup_written_timestamp_seconds When this file was written.
# TYPE tenantsh_backup_written_timestamp_seconds gauge
tenantsh_backup_written_timestamp_seconds{environment="prod"} 1777507200
)");
}
