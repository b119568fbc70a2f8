#include "fleet/backup_manifest.hpp"

#include <doctest/doctest.h>

#include "fleet/error.hpp"

using fleet::Manifest;

namespace {

Manifest example() {
  Manifest manifest;
  manifest.tenant = "acme";
  manifest.tenant_id = "0b54";
  manifest.server = "pg-1";
  manifest.database = "acme";
  manifest.owner = "acme_owner";
  manifest.encoding = "UTF8";
  manifest.collate = manifest.ctype = "C.UTF-8";
  manifest.extensions = {{"citext", "1.6"}};
  manifest.archive = "acme-20260427T150000Z.dump";
  manifest.bytes = 4096;
  manifest.sha256 = "00ff";
  manifest.taken_at = "2026-04-27T15:00:00.123Z";
  manifest.server_version = "15.14";
  manifest.pg_dump = "pg_dump (PostgreSQL) 15.14";
  manifest.structure = {"pgboss"};
  manifest.tables = {{"members", "member", 12}, {"pgboss", "job", std::nullopt}, {"remits", "a \"b\"", 0}};
  manifest.duration_ms = 340;
  manifest.run_id = "r1";
  manifest.tables[0].digest = "-4711";
  manifest.compress = 6;
  manifest.age_recipients = {"age1abc"};
  manifest.verified = {"size", "listing"};
  return manifest;
}

std::string const example_text = R"({
  "tenantsh_manifest": 1,
  "tenant": "acme",
  "tenant_id": "0b54",
  "server": "pg-1",
  "database": "acme",
  "schema": null,
  "owner": "acme_owner",
  "encoding": "UTF8",
  "collate": "C.UTF-8",
  "ctype": "C.UTF-8",
  "extensions": {
    "citext": "1.6"
  },
  "archive": "acme-20260427T150000Z.dump",
  "format": "custom",
  "mode": "full",
  "compress": 6,
  "age_recipients": [
    "age1abc"
  ],
  "bytes": 4096,
  "sha256": "00ff",
  "taken_at": "2026-04-27T15:00:00.123Z",
  "server_version": "15.14",
  "pg_dump": "pg_dump (PostgreSQL) 15.14",
  "structure": [
    "pgboss"
  ],
  "rows": 12,
  "tables": [
    {
      "schema": "members",
      "name": "member",
      "rows": 12,
      "digest": "-4711"
    },
    {
      "schema": "pgboss",
      "name": "job",
      "rows": null
    },
    {
      "schema": "remits",
      "name": "a \"b\"",
      "rows": 0
    }
  ],
  "large_objects": 0,
  "warnings": [],
  "duration_ms": 340,
  "run_id": "r1",
  "verified": [
    "size",
    "listing"
  ]
}
)";

std::string refusal(std::string text, std::string const& part, std::string const& instead) {
  text.replace(text.find(part), part.size(), instead);
  try {
    fleet::parse_manifest(text, "m.json");
  } catch (fleet::Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.message + "\n";
  }
  return "taken\n";
}

}  // namespace

TEST_CASE("manifest_text and parse_manifest") {
  CHECK(fleet::manifest_text(example()) == example_text);
  CHECK(fleet::manifest_text(fleet::parse_manifest(example_text, "m.json")) == example_text);
}

TEST_CASE("a manifest from before there were digests, encryption and levels") {
  std::string text = example_text;
  for (std::string const& newer :
       {std::string{"  \"compress\": 6,\n  \"age_recipients\": [\n    \"age1abc\"\n  ],\n"},
        std::string{",\n      \"digest\": \"-4711\""},
        std::string{",\n  \"verified\": [\n    \"size\",\n    \"listing\"\n  ]"}})
    text.erase(text.find(newer), newer.size());
  Manifest const manifest = fleet::parse_manifest(text, "m.json");
  CHECK(manifest.compress == 1);
  CHECK_FALSE(manifest.encrypted());
  CHECK_FALSE(manifest.tables[0].digest);
  CHECK(manifest.verified.empty());
}

TEST_CASE("parse_manifest says what is wrong") {
  std::string shown = refusal(example_text, "{", "") +
                      refusal(example_text, "\"tenantsh_manifest\": 1", "\"tenantsh_manifest\": 2") +
                      refusal(example_text, "\"tenant\":", "\"client\":") +
                      refusal(example_text, "\"bytes\": 4096", "\"bytes\": -1") +
                      refusal(example_text, "\"bytes\": 4096", "\"bytes\": 18446744073709551615") +
                      refusal(example_text, "\"bytes\": 4096", "\"bytes\": 1.5") +
                      refusal(example_text, "\"custom\"", "\"tar\"") +
                      refusal(example_text, "\"acme-20260427T150000Z.dump\"", "\"../../etc/passwd\"") +
                      refusal(example_text, "\"rows\": 0", "\"rows\": \"0\"") +
                      refusal(example_text, "\"compress\": 6", "\"compress\": 10") +
                      refusal(example_text, "\"-4711\"", "4711") +
                      refusal(example_text, "\"rows\": 12,\n  \"tables\"", "\"anything\": 12, \"tables\"");
  CHECK(shown == R"(failed: m.json is no manifest of a backup: it is not JSON
failed: m.json is no manifest of a backup: tenantsh_manifest is 2, this program knows 1
failed: m.json is no manifest of a backup: tenant is missing
failed: m.json is no manifest of a backup: bytes is out of range
failed: m.json is no manifest of a backup: bytes is out of range
failed: m.json is no manifest of a backup: bytes is not a whole number
failed: m.json is no manifest of a backup: format is unknown: "tar" is no format of a dump: custom or directory
failed: m.json is no manifest of a backup: archive is no name of a file beside it
failed: m.json is no manifest of a backup: tables[2].rows is not a whole number
failed: m.json is no manifest of a backup: compress is no level of gzip
failed: m.json is no manifest of a backup: tables[0].digest is not a text
taken
)");
}
