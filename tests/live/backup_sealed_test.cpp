// Encrypted archives, digests, compression, retention and what else a dump was asked for.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "fleet/backup_catalog.hpp"
#include "fleet/backup_encryption.hpp"
#include "tests/live/backup_tools.hpp"

using namespace tests;

namespace {

// A key pair in a file, as age-keygen writes it.
struct Key {
  explicit Key(Folder const& folder, std::string const& name) : identity(folder.path / name) {
    make_folder(folder.path, 0700);
    run_checked({.argv = {"age-keygen", "--output", identity.string()}});
    recipient = run_checked({.argv = {"age-keygen", "-y", identity.string()}}).output;
    recipient.pop_back();
  }
  fs::path identity;
  std::string recipient;
};

std::string verified_with(fs::path const& archive, fs::path const& identity) {
  std::string shown;
  for (auto const& [level, problems] : verify_backup(archive, {}, cluster().driver(), {}, identity))
    shown += level + (problems.empty() ? ": ok\n" : ": " + problems.front() + "\n");
  return shown;
}

// Whether any file below `folder` holds `text`.
bool lies_below(fs::path const& folder, std::string const& text) {
  for (auto const& entry : fs::recursive_directory_iterator{folder})
    if (entry.is_regular_file() && read_file(entry.path()).value().find(text) != std::string::npos)
      return true;
  return false;
}

}  // namespace

TEST_CASE("an encrypted archive opens with age and pg_restore alone, and with nothing but its key") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 20);
  for (DumpFormat format : {DumpFormat::custom, DumpFormat::directory}) {
    CAPTURE(to_string(format));
    Folder folder, keys;
    Key const mine{keys, "mine"}, other{keys, "other"};
    DumpRequest request = request_for(source, folder);
    request.format = format;
    request.jobs = format == DumpFormat::directory ? 2 : 1;
    request.compress = 0;  // so that what is plain can be seen
    request.recipients = age_recipients({mine.recipient});
    Backup const backup = dump(request, means());
    bool const custom = format == DumpFormat::custom;
    CHECK(names_in(folder.path) ==
          (custom ? "acme-20260427T120000Z.dump.age acme-20260427T120000Z.manifest.json "
                  : "acme-20260427T120000Z.manifest.json acme-20260427T120000Z.tar.age "));
    CHECK_FALSE(lies_below(folder.path, "COPY"));
    CHECK_FALSE(lies_below(folder.path, "PGDMP"));
    CHECK(backup.manifest.age_recipients == std::vector{mine.recipient});
    CHECK(backup.manifest.verified == std::vector<std::string>{"size", "listing", "counts", "sha256"});
    CHECK(state(folder).starts_with("done: "));

    // By hand.
    fs::path const by_hand = keys.path / "by-hand";
    std::string const script = custom ? "age -d -i \"$1\" \"$2\" > \"$3\""
                                      : "mkdir \"$3\"; age -d -i \"$1\" \"$2\" | tar -x -C \"$3\"";
    run_checked(
        {.argv = {"sh", "-c", script, "sh", mine.identity.string(), backup.path.string(), by_hand.string()}});
    FreshDatabase target{"postgres"};
    restore(custom ? by_hand : by_hand / "acme-20260427T120000Z", target);
    CHECK(contents(target.name()) == contents(source.name()));

    CHECK(verified_with(backup.path, mine.identity) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");
    CHECK(verified_with(backup.path, {}) == "size: ok\nsha256: ok\n");
    CHECK(error_of([&] { verified(backup.path, {"counts"}); }) ==
          "refused: " + backup.path.string() + " is encrypted for " + mine.recipient +
              "\n  hint: identity = FILE: the file with the secret key of one of them");
    CHECK(error_of([&] { verified_with(backup.path, other.identity); }) ==
          "refused: the identity file " + other.identity.string() + " does not open " + backup.path.string() +
              "\n  hint: its manifest lists the keys it was encrypted for: age_recipients");
    CHECK(
        error_of([&] {
          verified_with(backup.path, keys.path / "none");
        }).starts_with("refused: " + backup.path.string() + " is encrypted, and there is no identity file"));
    CHECK(error_of([&] { verified_with(backup.path, backup.manifest_path); }).starts_with("refused: "));
    {
      PlainArchive const plain{backup.path, backup.manifest, mine.identity, means()};
      FreshDatabase again{"postgres"};
      restore(plain.path(), again);
      CHECK(again.one("select count(*) from members.member") == "20");
    }
    // Nothing plain is left, neither after the good nor after the bad ones.
    CHECK_FALSE(lies_below(folder.path, "COPY"));
    CHECK(std::distance(fs::directory_iterator{folder.path}, fs::directory_iterator{}) == 2);

    truncate_to(backup.path, 0.5);
    CHECK(error_of([&] {
            PlainArchive const plain(backup.path, backup.manifest, mine.identity, means());
          }).find("cannot be decrypted") != std::string::npos);
    CHECK(std::distance(fs::directory_iterator{folder.path}, fs::directory_iterator{}) == 2);
  }
}

TEST_CASE("recipients are looked at before anything is dumped") {
  Folder folder;
  Key const key{folder, "key"};
  std::ofstream{folder.path / "team"} << "# two of us\n" << key.recipient << "\n\n" << key.recipient << "\n";
  std::ofstream{folder.path / "empty"} << "# nobody\n";
  CHECK(age_recipients({}) == std::vector<std::string>{});
  CHECK(age_recipients({key.recipient, (folder.path / "team").string()}) == std::vector{key.recipient});
  CHECK(error_of([&] {
          age_recipients({"age1nonsense"});
        }).starts_with("usage: age does not take the recipients: "));
  CHECK(error_of([&] { age_recipients({"me@example.com"}); }) ==
        "not_found: recipient \"me@example.com\" is neither a key nor a file with keys\n  hint: a key is "
        "age1… or "
        "ssh-ed25519 …; age-keygen makes one");
  CHECK(
      error_of([&] { age_recipients({(folder.path / "empty").string()}); }).starts_with("usage: the file "));
  CHECK(error_of([&] {
          age_recipients({key.identity.string()});
        }).starts_with("refused: " + key.identity.string() + " holds a secret key"));
}

TEST_CASE("an encrypted dump whose disk is full leaves nothing") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 20);
  Folder folder, keys;
  Key const mine{keys, "mine"};
  DumpRequest request = request_for(source, folder);
  request.recipients = {mine.recipient};
  // Stands in for an age that cannot write.
  fs::path const tools = keys.path / "bin";
  fs::create_directory(tools);
  std::ofstream{tools / "age"}
      << "#!/bin/sh\necho 'age: error: write: no space left on device' >&2\nexit 1\n";
  fs::permissions(tools / "age", fs::perms::owner_all);
  std::string const path = getenv("PATH");
  setenv("PATH", (tools.string() + ":" + path).c_str(), 1);
  std::string const error = error_of([&] { dump(request, means()); });
  setenv("PATH", path.c_str(), 1);
  CHECK(error == "tool: the dump cannot be encrypted: age: write: no space left on device");
  CHECK(names_in(folder.path) == "");
}

TEST_CASE("digests of the dump's own snapshot") {
  FreshDatabase source;
  source.run(
      {"create table public.t (id int, at timestamptz, f float8, b bytea, i interval)",
       "insert into public.t values (1, '2026-01-01 00:00+02', 0.1, '\\x00ff', '1 day 2 hours'), (1, null, "
       "null, null, null)",
       "create table public.nothing (id int)", "alter table public.t owner to tenantsh_admin",
       "alter table public.nothing owner to tenantsh_admin",
       "alter database " + source.name() + " set datestyle = 'SQL, DMY'",
       "alter database " + source.name() + " set timezone = 'Asia/Tokyo'",
       "alter database " + source.name() + " set bytea_output = 'escape'",
       "alter database " + source.name() + " set extra_float_digits = 0"});
  Folder folder;
  DumpRequest request = request_for(source, folder);
  request.structure = {};
  CHECK_FALSE(dump(request, means()).manifest.tables.at(0).digest);
  request.digests = true;
  request.at = "20260427T130000Z";
  Manifest const manifest = dump(request, means()).manifest;
  REQUIRE(manifest.tables.size() == 2);
  CHECK(manifest.tables[0].full_name() == "public.nothing");
  CHECK(manifest.tables[0].digest == "0");
  CHECK(manifest.tables[1].digest ==
        source.one("select (hashtextextended('(1,\"2025-12-31 22:00:00+00\",0.1,\"\\\\x00ff\",\"1 day "
                   "02:00:00\")', 0)::numeric + hashtextextended('(1,,,,)', 0))::text"));
}

TEST_CASE("the name of an archive is never given twice, and one at work is left alone") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 3);
  Folder folder;
  DumpRequest const request = request_for(source, folder);
  fs::path const archive = folder.path / "acme-20260427T120000Z.dump";
  {
    PgDumpHeld const held{source};
    pid_t const child = fork();
    if (child == 0) {
      try {
        dump(request, means());
      } catch (std::exception const&) {
      }
      _exit(0);
    }
    CHECK(comes_true([&] { return !seen_of_processes(archive.string() + ".partial").empty(); }));
    CHECK(state(folder).ends_with("of a dump that is at work"));
    CHECK(error_of([&] { dump(request, means()); }).starts_with("locked: "));
    auto const stored = stored_backups(folder.path, "acme");
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].at_work);
    CHECK(to_prune(stored, {.keep_count = 1}, {}, std::chrono::system_clock::now()).empty());
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK(comes_true([&] { return seen_of_processes(archive.string() + ".partial").empty(); }));
  }
  CHECK(comes_true([&] { return state(folder).ends_with("of a dump that did not end"); }));
  auto const gone = to_prune(stored_backups(folder.path, "acme"), {}, {}, std::chrono::system_clock::now());
  REQUIRE(gone.size() == 1);
  delete_backup(gone[0]);
  CHECK(names_in(folder.path) == "");

  dump(request, means());
  // Another host gave the name meanwhile.
  std::ofstream{folder.path / "other"} << "x";
  CHECK(error_of([&] {
          rename_synced(folder.path / "other", archive);
        }).starts_with("refused: there is an archive"));
  auto stored = stored_backups(folder.path, "acme");
  REQUIRE(stored.size() == 1);
  // Killed while it is deleted: an unfinished one, which the next goes on with.
  rename_synced(stored[0].path, stored[0].path.string() + ".partial");
  stored = stored_backups(folder.path, "acme");
  REQUIRE(stored.size() == 1);
  CHECK_FALSE(stored[0].good());
  auto const rest = to_prune(stored, {}, {}, std::chrono::system_clock::now());
  REQUIRE(rest.size() == 1);
  delete_backup(rest[0]);
  CHECK(names_in(folder.path) == "other ");
}

TEST_CASE("a much smaller archive than the last one is remarked") {
  FreshDatabase source;
  source.run({"create table public.t (id int, note text)", "alter table public.t owner to tenantsh_admin",
              "insert into public.t select i, md5(i::text) from generate_series(1, 20000) i"});
  Folder folder;
  DumpRequest request = request_for(source, folder);
  request.structure = {"pgboss"};
  request.structure_given = false;  // there is none, and nobody named it
  Backup const first = dump(request, means());
  CHECK(first.manifest.warnings.empty());
  CHECK(first.manifest.structure.empty());
  source.run({"delete from public.t"});
  request.at = "20260427T130000Z";
  auto const warnings = dump(request, means()).manifest.warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("of the last one (acme-20260427T120000Z.dump") != std::string::npos);
}

TEST_CASE("the server goes away in the middle of a dump") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 10);
  Folder folder;
  PgDumpHeld const held{source};
  std::thread server([&] {
    comes_true([&] { return !seen_of_processes(folder.path / "acme-20260427T120000Z").empty(); });
    comes_true([&] {
      return source.one("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '" +
                        source.name() + "' and application_name like '%pg_dump%'") != "0";
    });
  });
  std::string const error = error_of([&] { dump(request_for(source, folder), means()); });
  server.join();
  CHECK(error.starts_with("tool: pg_dump: error: "));
  CHECK(names_in(folder.path) == "");
}
