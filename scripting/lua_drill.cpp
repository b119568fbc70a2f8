// Proving a backup by restoring it: `tenants.X:drill`.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "fleet/clock.hpp"
#include "fleet/restore.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using Steady = std::chrono::steady_clock;

// Of what is packed, as tenant_restore reckons.
constexpr std::uint64_t unpacked = 8;

std::int64_t ms_since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
}

struct KnownBackup {
  std::string path;
  std::int64_t age_seconds = 0;
};

// The newest verified one that still lies where master says.
std::optional<KnownBackup> newest_backup(World& world, std::string const& slug) {
  fleet::Statement const known{
      "select b.path, extract(epoch from pg_catalog.now() - b.taken_at)::bigint as age from identity.backup "
      "b "
      "join identity.tenant t on t.id = b.tenant_id where t.slug = $1 and b.verified_level is not null and "
      "b.mode = 'full' order by b.taken_at desc",
      {slug}};
  fleet::Result const rows =
      world.fleet.read(world.fleet.master(), known, world.settings.timeout_ms, world.interrupt.get_token());
  std::error_code ignored;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    if (std::filesystem::exists(rows.text(row, "path"), ignored))
      return KnownBackup{rows.text(row, "path"), std::stoll(rows.text(row, "age"))};
  return std::nullopt;
}

void as_a_drill(std::string& name, char const* restored, char const* drilled) {
  if (auto const at = name.find(restored); at != name.npos)
    name.replace(at, std::char_traits<char>::length(restored), drilled);
}

// Roles that the archive names and the server lacks, for as long as the drill needs them.
class BorrowedRoles {
 public:
  BorrowedRoles(fleet::Session& server, fleet::TargetFacts const& facts) : server_(server) {
    for (std::string const& role : facts.missing_roles) {
      server_.query("create role " + server_.quote_identifier(role) + " nologin");
      made_.push_back(role);
    }
    if (facts.owner_to_be_granted) {
      server_.query("grant " + server_.quote_identifier(facts.owner) + " to current_user");
      granted_ = facts.owner;
    }
  }
  ~BorrowedRoles() {
    try {
      if (!granted_.empty())
        server_.query("revoke " + server_.quote_identifier(granted_) + " from current_user");
      for (std::string const& role : made_) server_.query("drop role " + server_.quote_identifier(role));
    } catch (std::exception const&) {  // roles without a login and without rights; the next drill finds them
    }
  }
  BorrowedRoles(BorrowedRoles const&) = delete;
  BorrowedRoles& operator=(BorrowedRoles const&) = delete;

 private:
  fleet::Session& server_;
  std::vector<std::string> made_;
  std::string granted_;
};

// One restore that nobody is to use: into a database of the run's own, compared, dropped.
class Drill {
 public:
  Drill(World& world, fleet::Tenant source, Arguments const& arguments)
      : world_(world),
        source_(std::move(source)),
        means_{world.fleet.driver(), world.fleet.secrets(), world.interrupt.get_token()} {
    request_.server = world.fleet.endpoint(world.fleet.server(arguments.text("server", source_.server)));
    request_.run_id = arguments.text("run");
    request_.jobs = static_cast<int>(arguments.integer("jobs", 2));
    identity_ = arguments.text("identity");
  }

  // Fills in what is known also when it throws.
  void run(std::string const& path, Json& found) {
    request_.archive =
        fleet::open_archive({.path = path, .foreign = false, .identity = identity_}, source_, means_);
    request_.sibling = fleet::sibling_of(source_, request_.archive.manifest.taken_at);
    as_a_drill(request_.sibling.slug, "-restore-", "-drill-");
    as_a_drill(request_.sibling.database, "_restore_", "_drill_");
    as_a_drill(request_.sibling.schema, "_restore_", "_drill_");
    if (source_.placement == fleet::Placement::schema) request_.shared = source_.database_name;
    found["taken_at"] = request_.archive.manifest.taken_at;
    found["bytes"] = request_.archive.manifest.bytes;
    fleet::check_archive(request_.archive, means_);
    fleet::TargetFacts const facts =
        fleet::can_be_restored(request_, request_.archive.manifest.bytes * unpacked, means_);
    request_.owner = facts.owner;
    auto const server = means_.driver.connect(
        request_.server, means_.secrets,
        {.application_name = world_.who.application_name("drill " + source_.slug), .stop = means_.stop});
    BorrowedRoles const roles{*server, facts};
    Restored const restored{*this};
    fleet::RestoreProgress progress;
    fleet::restore_archive(request_, means_, progress);
    fleet::Endpoint const place =
        request_.server.with_database(request_.in_schema() ? request_.shared : request_.copy());
    fleet::Comparison const comparison =
        fleet::compare_restored({.archive = request_.archive,
                                 .restored = place,
                                 .restored_schema = request_.in_schema() ? request_.copy() : "",
                                 .source = std::nullopt,
                                 .source_schema = source_.schema_name,
                                 .source_tables = {}},
                                means_);
    found["tables"] = comparison.tables.size();
    found["rows"] = request_.archive.manifest.rows();
    if (!comparison.problems.empty())
      throw Error{ErrorKind::failed,
                  "restored, but not what the manifest says: " + comparison.problems.front()};
  }

 private:
  // What was restored goes, however the drill ends.
  struct Restored {
    explicit Restored(Drill& of) : drill(of) {}
    ~Restored() {
      try {
        // Ctrl-C ended the restore, not what it owes.
        fleet::drop_restored(drill.request_, {drill.means_.driver, drill.means_.secrets, {}});
      } catch (std::exception const& error) {
        drill.world_.console.note(fmt::format("{} was left behind: {}", drill.request_.copy(), error.what()));
      }
    }
    Restored(Restored const&) = delete;
    Restored& operator=(Restored const&) = delete;
    Drill& drill;
  };

  World& world_;
  fleet::Tenant source_;
  fleet::DumpMeans means_;
  fleet::RestoreRequest request_;
  std::string identity_;
};

Answer drill(World& world, Arguments const& arguments) {
  fleet::Tenant const source = world.fleet.tenant(std::get<TenantRef>(arguments.self).slug);
  Json found{{"tenant", source.slug}, {"state", "no backup"}, {"says", "there is no verified full backup"}};
  std::optional<KnownBackup> const backup = newest_backup(world, source.slug);
  if (!backup) return {std::move(found), {}, {}};
  found["path"] = backup->path;
  found["age_seconds"] = backup->age_seconds;
  auto const start = Steady::now();
  try {
    Drill{world, source, arguments}.run(backup->path, found);
    found["state"] = "restored";
    found["says"] = "as the manifest says";
  } catch (Error const& error) {
    if (error.kind == ErrorKind::interrupted || error.kind == ErrorKind::in_doubt) throw;
    found["state"] = "failed";
    found["says"] = error.message;
  }
  found["restore_ms"] = ms_since(start);
  return {std::move(found), {}, {}};
}

std::vector<std::string> describe_drill(World&, Arguments const& arguments) {
  return {
      fmt::format("restore the newest verified archive of {} into a database of the run's own, compare it "
                  "with its manifest, drop it",
                  std::get<TenantRef>(arguments.self).slug)};
}

}  // namespace

void add_drill(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "drill",
      .effect = Effect::write,
      .parameters = {{.name = "run",
                      .required = true,
                      .brief = "id of the run: the name of the database ends with it"},
                     {.name = "server",
                      .type = Type::server,
                      .default_text = "the tenant's own",
                      .brief = "where it is restored for the while"},
                     {.name = "identity",
                      .type = Type::path,
                      .brief = "the age identity that opens an encrypted archive"},
                     {.name = "jobs", .type = Type::integer, .default_text = "2", .brief = "tables at once"}},
      .returns =
          "table: tenant, state (restored, failed, no backup), says, path, taken_at, age_seconds (of the "
          "dump), restore_ms (until it was compared and gone again), bytes, tables, rows",
      .errors =
          "interrupted; connect when master cannot be read; what goes wrong with the archive is its state",
      .brief =
          "Restores the tenant's newest verified archive for the proof: into a database of its own, compared "
          "with the manifest, then dropped. Neither the tenant nor the registry is touched.",
      .example = "tenants.acme:drill{ run = \"k7m2qa9x\", plan = true }",
      .receiver = Receiver::member,
      .run = drill,
      .describe = describe_drill});
}

}  // namespace scripting
