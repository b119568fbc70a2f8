#include "fleet/backup.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "tests/live/backup_tools.hpp"

using namespace tests;

TEST_CASE("dump in both formats, restored, gives the same database") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 40);
  source.run(
      {"create schema tenantsh", "create table tenantsh.ledger (name text)",
       "create table tenantsh.step_marker (step_path text)", "insert into tenantsh.ledger values ('001')",
       "insert into tenantsh.step_marker values ('a step')",
       "create table public.\"Odd \"\"name\"\"\nof two\" (a text)",
       "insert into public.\"Odd \"\"name\"\"\nof two\" values (E'\\\\.\\n\\\\.'), ('COPY a FROM stdin;')",
       "grant usage on schema tenantsh to tenantsh_admin",
       "grant select on all tables in schema tenantsh, public to tenantsh_admin"});
  for (DumpFormat format : {DumpFormat::custom, DumpFormat::directory}) {
    CAPTURE(to_string(format));
    Folder folder;
    DumpRequest request = request_for(source, folder);
    request.format = format;
    request.jobs = format == DumpFormat::directory ? 2 : 1;
    Backup const backup = dump(request, means());
    CHECK(names_in(folder.path) == (format == DumpFormat::custom
                                        ? "acme-20260427T120000Z.dump acme-20260427T120000Z.manifest.json "
                                        : "acme-20260427T120000Z acme-20260427T120000Z.manifest.json "));
    CHECK(backup.path.is_absolute());
    CHECK((fs::status(backup.path).permissions() & fs::perms::group_all) == fs::perms::none);
    CHECK(verified(backup.path) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");
    CHECK(state(folder).starts_with("done: DIR/acme-20260427T120000Z"));

    FreshDatabase target{"postgres"};
    restore(backup.path, target);
    CHECK(contents(target.name()) == contents(source.name()));
    CHECK(target.one("select count(*) from pgboss.job") == "0");
    CHECK(source.one("select count(*) from pgboss.job") != "0");
    CHECK(target.one("select count(*) from tenantsh.ledger") == "1");
    CHECK(target.one("select count(*) from tenantsh.step_marker") == "0");

    Manifest const manifest = read_manifest(backup.manifest_path);
    CHECK(manifest_text(manifest) == manifest_text(backup.manifest));
    for (DumpedTable const& table : manifest.tables) {
      CAPTURE(table.full_name());
      bool const structure = table.schema == "pgboss" || table.name == "step_marker";
      CHECK(table.rows.has_value() == !structure);
      if (!structure && table.schema != "public")
        CHECK(source.one("select count(*) from " + table.full_name()) == std::to_string(*table.rows));
    }
    CHECK(manifest.rows() > 100);
    CHECK(manifest.tables.size() == 34);
    CHECK(manifest.taken_at.size() == std::string{"2026-04-27T12:00:00.123Z"}.size());
    CHECK(manifest.extensions.size() == 2);
  }
}

TEST_CASE("schema only and data only") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 5);
  Folder folder;
  DumpRequest request = request_for(source, folder);
  request.mode = DumpMode::schema_only;
  Backup backup = dump(request, means());
  CHECK(backup.manifest.rows() == 0);
  CHECK(verified(backup.path) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");
  FreshDatabase target{"postgres"};
  restore(backup.path, target);
  CHECK(target.one("select count(*) from members.member") == "0");

  request.mode = DumpMode::data_only;
  request.at = "20260427T130000Z";
  backup = dump(request, means());
  CHECK(verified(backup.path) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");
}

TEST_CASE("what stands in the way is named before work begins") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 1);
  Folder folder;
  DumpRequest request = request_for(source, folder);
  CHECK(error_of([&] { can_be_dumped(request, means()); }) == "no error");

  request.structure = {"pgboss", "pg_boss"};
  CHECK(error_of([&] { dump(request, means()); }) ==
        "usage: no schema of database " + source.name() +
            " fits structure = \"pg_boss\"\n  hint: its schemas are: claims, eligibility, identity, members, "
            "pgboss, "
            "public, remits, security");
  request.structure = {"queue_*"};
  CHECK(error_of([&] { can_be_dumped(request, means()); }).starts_with("usage: no schema of database"));
  request.structure = {};

  cluster().run({"drop role if exists app", "create role app login password 'a password of the admin'",
                 "grant usage on schema identity to app"},
                source.name());
  request.endpoint.keywords["user"] = "app";
  std::string refused = error_of([&] { can_be_dumped(request, means()); });
  CHECK(refused.find("refused: login app may not read schema claims\n") == 0);
  CHECK(refused.find("admin_user (the application's role is refused schemas), or: grant usage on schema "
                     "claims to app;") != std::string::npos);
  cluster().run({"grant pg_read_all_data to app"}, source.name());
  CHECK(error_of([&] { can_be_dumped(request, means()); }) == "no error");
  cluster().run({"alter table claims.claim enable row level security"}, source.name());
  refused = error_of([&] { can_be_dumped(request, means()); });
  CHECK(refused.find("refused: login app may not read every row of claims.claim: row security hides some") ==
        0);
  cluster().run({"alter table claims.claim disable row level security", "drop owned by app", "drop role app"},
                source.name());

  request = request_for(source, folder);
  fs::path const tools = cluster().folder() / "old-tools";
  fs::create_directory(tools);
  std::ofstream{tools / "pg_dump"} << "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n";
  fs::permissions(tools / "pg_dump", fs::perms::owner_all);
  setenv("TENANTSH_PG_BINDIR", tools.c_str(), 1);
  std::string const too_old = error_of([&] { can_be_dumped(request, means()); });
  unsetenv("TENANTSH_PG_BINDIR");
  CHECK(without_numbers(too_old) ==
        without_numbers(
            "tool: pg_dump (PostgreSQL) 9.6.24 cannot dump a server of version 15.2\n  detail: it is " +
            (tools / "pg_dump").string() + "\n  hint: apt install postgresql-client-15"));

  request.jobs = 2;
  CHECK(error_of([&] { dump(request, means()); }) == "usage: several jobs need format = \"directory\"");
  request.jobs = 1;
  request.at = "yesterday";
  CHECK(error_of([&] { dump(request, means()); }) ==
        "usage: \"yesterday\" is no time of a backup: write it as 20260427T150000Z");
  CHECK_FALSE(fs::exists(folder.path));
}

TEST_CASE("dump_command") {
  FreshDatabase source;
  Folder folder;
  DumpRequest request = request_for(source, folder);
  request.structure = {"pgboss", "Queue*"};
  std::string text = dump_command(request);
  text.replace(0, text.find(" '--dbname"), "pg_dump");
  CHECK(text ==
        "pg_dump '--dbname=host=" + cluster().folder().string() + " port=5432 dbname=" + source.name() +
            " user=tenantsh_admin' --no-password --format=custom --compress=1 --lock-wait-timeout=60000 "
            "'--exclude-table-data=pgboss.*' '--exclude-table-data=\"Queue\"*.*' "
            "--exclude-table-data=tenantsh.step_marker --file=" +
            (folder.path / "acme-20260427T120000Z.dump").string());
}

TEST_CASE("a tenant placed in a schema travels alone") {
  FreshDatabase source;
  source.run({"create schema \"t-acme\" authorization tenantsh_admin",
              "create table \"t-acme\".note (id int)", "alter table \"t-acme\".note owner to tenantsh_admin",
              "insert into \"t-acme\".note values (1), (2)", "create schema t_other",
              "create table t_other.note (id int)"});
  Folder folder;
  DumpRequest request = request_for(source, folder);
  request.tenant.placement = Placement::schema;
  request.tenant.schema_name = "t-acme";
  request.structure = {};
  Backup const backup = dump(request, means());
  CHECK(backup.manifest.schema == "t-acme");
  CHECK(backup.manifest.tables.size() == 1);
  CHECK(backup.manifest.rows() == 2);
  CHECK(verified(backup.path) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");
}

TEST_CASE("rows written during a dump change no count") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 20);
  source.run({"create table public.busy (id int)", "alter table public.busy owner to tenantsh_admin"});
  std::atomic<bool> over = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    auto const session = source.connect("writer");
    while (!over) {
      session->query("insert into public.busy select generate_series(1, 50)");
      ++written;
    }
  });
  CHECK(comes_true([&] { return written > 3; }));
  Folder folder;
  DumpRequest request = request_for(source, folder);
  int const before = written;
  Backup const backup = dump(request, means());
  CHECK(comes_true([&] { return written > before; }));
  over = true;
  writer.join();
  CHECK(verified(backup.path) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");
  std::int64_t counted = 0;
  for (DumpedTable const& table : backup.manifest.tables)
    if (table.full_name() == "public.busy") counted = *table.rows;
  CHECK(counted > 0);
  CHECK(counted % 50 == 0);
}

TEST_CASE("a damaged archive is noticed") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 40);
  Folder folder;
  DumpRequest request = request_for(source, folder);
  fs::path const archive = dump(request, means()).path, whole = archive.string() + ".whole";
  fs::copy_file(archive, whole);
  for (double part : {0.0, 0.05, 0.5, 0.99}) {
    CAPTURE(part);
    truncate_to(archive, part);
    CHECK(noticed_by(archive) == "size listing counts sha256 ");
    CHECK(state(folder).starts_with("broken: DIR/acme-20260427T120000Z.dump has"));
    fs::copy_file(whole, archive, fs::copy_options::overwrite_existing);
  }
  {
    std::fstream file{archive, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(-200, std::ios::end);
    file << "no more than this";
  }
  CHECK(noticed_by(archive).ends_with("sha256 "));
  CHECK(state(folder).starts_with("done"));
  CHECK(error_of([&] { dump(request, means()); }).starts_with("refused: there is a backup of that name: "));
  fs::remove(archive);
  CHECK(state(folder) ==
        "broken: DIR/acme-20260427T120000Z.manifest.json is there, its archive acme-20260427T120000Z.dump is "
        "not");
  CHECK(error_of([&] { verified(archive); }).starts_with("not_found: there is no archive "));

  request.format = DumpFormat::directory;
  request.at = "20260427T130000Z";
  fs::path const directory = dump(request, means()).path;
  for (auto const& entry : fs::directory_iterator{directory})
    if (entry.path().extension() == ".gz") {
      truncate_to(entry.path(), 0.5);
      CHECK(noticed_by(directory) == "size counts sha256 ");
      fs::remove(entry.path());
      CHECK(noticed_by(directory) == "size listing counts sha256 ");
      break;
    }
  CHECK(error_of([&] {
          verified(directory, {"size", "smell"});
        }) == "usage: \"smell\" is no level of verifying a backup\n  hint: size, listing, counts, sha256");
}

TEST_CASE("a manifest that says other counts is noticed") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 3);
  Folder folder;
  Backup const backup = dump(request_for(source, folder), means());
  Manifest other = backup.manifest;
  for (DumpedTable& table : other.tables)
    if (table.full_name() == "members.member") table.rows = 4;
  other.tables.push_back({"members", "forgotten", 1});
  write_private_file(backup.manifest_path, manifest_text(other));
  CHECK(verified(backup.path) ==
        "size: ok\nlisting: table members.forgotten is not in the archive; the rows of members.forgotten are "
        "not in the "
        "archive;\ncounts: members.member has 3 rows in the archive, 4 in the manifest; the rows of "
        "members.forgotten "
        "are not in the archive;\nsha256: ok\n");
}

TEST_CASE("killed in the middle, the next dump ends well") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 10);
  Folder folder;
  DumpRequest const request = request_for(source, folder);
  fs::path const partial = folder.path / "acme-20260427T120000Z.dump.partial";
  CHECK(state(folder).starts_with("not_done: nothing of acme-20260427T120000Z in"));
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
    CHECK(comes_true([&] { return !seen_of_processes(partial).empty(); }));
    std::string const seen = seen_of_processes(partial);
    CHECK(seen.find("--snapshot=") != std::string::npos);
    CHECK(seen.find(password) == std::string::npos);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK(comes_true([&] { return seen_of_processes(partial).empty(); }));
  }
  CHECK(without_numbers(state(folder)) ==
        "broken: DIR/acme-#T#Z.dump.partial, # bytes, of a dump that did not end");
  Backup const backup = dump(request, means());
  CHECK(verified(backup.path) == "size: ok\nlisting: ok\ncounts: ok\nsha256: ok\n");

  // Killed between the archive's name and its manifest.
  fs::remove(backup.manifest_path);
  CHECK(without_numbers(state(folder)) ==
        "broken: DIR/acme-#T#Z.dump, # bytes, without a manifest: that dump was not finished");
  remove_partial(folder.path, "acme", noon);
  CHECK(state(folder).starts_with("not_done"));
  dump(request, means());
  remove_partial(folder.path, "acme", noon);
  CHECK(state(folder).starts_with("done"));
}

TEST_CASE("Ctrl-C ends pg_dump and leaves nothing") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 10);
  for (DumpFormat format : {DumpFormat::custom, DumpFormat::directory}) {
    CAPTURE(to_string(format));
    Folder folder;
    DumpRequest request = request_for(source, folder);
    request.format = format;
    PgDumpHeld const held{source};
    std::stop_source stop;
    std::thread person([&] {
      comes_true([&] { return !seen_of_processes(folder.path / "acme-20260427T120000Z").empty(); });
      stop.request_stop();
    });
    std::string const error = error_of([&] { dump(request, means(stop.get_token())); });
    person.join();
    CHECK(error == "interrupted: the dump was interrupted");
    CHECK(names_in(folder.path) == "");
    CHECK(seen_of_processes(folder.path / "acme-20260427T120000Z") == "");
  }
}

TEST_CASE("a failing pg_dump is told with its own words and without the password") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 1);
  Folder folder;
  fs::path const tools = cluster().folder() / "failing-tools";
  fs::create_directory(tools);
  std::ofstream{tools / "pg_dump"}
      << "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.1'; exit; }\n"
         "cut -d: -f5 \"$PGPASSFILE\" | sed 's/^/pg_dump: error: it is /' >&2\n"
         "echo 'pg_dump: detail: more' >&2\nexit 1\n";
  fs::permissions(tools / "pg_dump", fs::perms::owner_all);
  setenv("TENANTSH_PG_BINDIR", tools.c_str(), 1);
  std::string const error = error_of([&] { dump(request_for(source, folder), means()); });
  unsetenv("TENANTSH_PG_BINDIR");
  CHECK(error == "tool: pg_dump: error: it is " + cluster().admin().password.reference() +
                     "\n  detail: pg_dump: detail: more");
  CHECK(names_in(folder.path) == "");
}

TEST_CASE("the password stands in nothing that a dump leaves") {
  FreshDatabase source;
  tests::fill_with_shipped_tenant(source, 1);
  Folder folder;
  Backup const backup = dump(request_for(source, folder), means());
  for (fs::path const& path : {backup.path, backup.manifest_path})
    CHECK(read_file(path).value().find(password) == std::string::npos);
}
