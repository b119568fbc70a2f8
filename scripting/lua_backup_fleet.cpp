// `tenants:backup`: many tenants, each into its archive, as a nightly job does it.

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "fleet/backup_catalog.hpp"
#include "fleet/backup_metrics.hpp"
#include "fleet/fan_out.hpp"
#include "runbooks/engine/lock.hpp"
#include "scripting/backup_arguments.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/objects.hpp"
#include "scripting/told.hpp"
#include "scripting/wave_counter.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::Tenant;
namespace fs = std::filesystem;
namespace oid = fleet::type_oid;

constexpr std::int64_t default_jobs = 2;  // pg_dump and a server process each: a backup must not be an outage

int number(Arguments const& arguments, char const* name, std::int64_t otherwise, std::int64_t most) {
  auto const given = arguments.integer(name, otherwise);
  if (given < 0 || given > most)
    throw Error{ErrorKind::usage, fmt::format("tenants.backup: {} is 0 to {}, not {}", name, most, given)};
  return static_cast<int>(given);
}

// Objects that nobody else works on while this lives: on this machine, and in master when there is one.
class HeldObjects {
 public:
  HeldObjects(World& world, std::vector<std::string> objects, std::string const& what)
      : locks_(world.home / "locks" / world.fleet.environment().name, std::move(objects),
               holder(world, what)) {
    locks_.take_local();
    if (!keeps_audit(world)) return;
    lease_.emplace(world.fleet.pool().acquire(world.fleet.master(),
                                              {.application_name = world.who.application_name(what)},
                                              world.interrupt.get_token()));
    lease_->discard();  // the session's locks end with it
    locks_.take_in_master(**lease_);
  }

  fleet::Session* master() { return lease_ ? &**lease_ : nullptr; }

 private:
  static runbooks::Holder holder(World& world, std::string const& what) {
    return {.run_id = what,
            .runbook = "tenants:backup",
            .who = world.who.name(),
            .host = world.who.host,
            .since = fleet::iso_time(world.fleet.clock().now()),
            .process = world.who.process};
  }

  std::optional<fleet::Pool::Lease> lease_;
  runbooks::Locks locks_;
};

// What became of one tenant.
struct Made {
  std::optional<fleet::Backup> backup;
  std::vector<fs::path> pruned;
};

class FleetBackup {
 public:
  FleetBackup(World& world, Arguments const& arguments)
      : world_(world),
        arguments_(arguments),
        options_(dump_options(world, arguments)),
        folder_(arguments.has("folder") ? fs::absolute(arguments.text("folder")).lexically_normal()
                                        : backups_folder(world)),
        keep_days_(number(arguments, "keep_days", 0, 36500)),
        keep_count_(number(arguments, "keep_count", 0, 100000)),
        jobs_(number(arguments, "jobs", world.settings.jobs > 0 ? world.settings.jobs : default_jobs, 64)),
        reason_(arguments.text("reason", world.settings.reason)) {
    options_.jobs = number(arguments, "table_jobs", 1, 64);
    if (options_.jobs == 0) options_.jobs = 1;
    fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), receiver_selection(arguments));
    tenants_ = std::move(chosen.tenants);
    notes_ = left_out_notes(chosen);
    if (tenants_.empty()) notes_.push_back("no tenant was chosen");
    for (Tenant const& tenant : tenants_)
      requests_.push_back(dump_request(world, options_, tenant, folder_ / tenant.slug));
  }

  std::vector<std::string> plan_lines() const {
    std::vector<std::string> lines;
    for (fleet::DumpRequest const& request : requests_) lines.push_back(fleet::dump_command(request));
    return lines;
  }

  void run() {
    HeldObjects const held{world_, {"backups"}, "backups of " + world_.fleet.environment().name};
    made_.resize(tenants_.size());
    std::vector<fleet::FanOutTask> tasks;
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
      fleet::resolve_prompted(world_.fleet.secrets(), requests_[i].endpoint);
      tasks.push_back({&tenants_[i], tenants_[i].server, [this, i](fleet::Attempt& attempt) {
                         back_up(i, attempt);
                         return fleet::Result{};
                       }});
    }
    WaveCounter counter{"backup", tenants_.size()};
    told(
        world_, [&](double seconds) { return counter.line(seconds); },
        [&] {
          outcomes_ = fleet::fan_out(
              tasks, jobs_, world_.interrupt.get_token(),
              [&](std::size_t, fleet::Outcome const& outcome) { counter.done(outcome.error.has_value()); });
        });
  }

  // Also when every tenant failed: that is what a monitor is to see.
  void tell_monitor() {
    if (!arguments_.has("prometheus")) return;
    std::vector<fleet::BackupMetrics> metrics;
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
      fleet::BackupMetrics each{.tenant = tenants_[i].slug};
      auto const& error = outcomes_[i].error;
      if (!error || error->kind != ErrorKind::interrupted) each.success = !error;
      for (auto const& stored : fleet::stored_backups(requests_[i].folder, tenants_[i].slug))
        if (stored.good() && stored.manifest->mode == fleet::DumpMode::full) {
          each.last_good = fleet::parse_compact_time(stored.at);
          each.last_good_bytes = stored.manifest->bytes;
        }
      metrics.push_back(std::move(each));
    }
    try {
      fleet::write_metrics(
          fs::absolute(arguments_.text("prometheus")),
          fleet::metrics_text(metrics, world_.fleet.environment().name, world_.fleet.clock().now()));
    } catch (Error const& error) {  // the archives are made all the same, and told of
      notes_.push_back("the monitor was told nothing: " + error.message);
      untold_ = true;
    }
  }

  Answer answer() {
    Rows rows{fleet::Result{{{"tenant"},
                             {"state"},
                             {"path"},
                             {"bytes", oid::int8},
                             {"rows", oid::int8},
                             {"milliseconds", oid::int8},
                             {"pruned", oid::int8},
                             {"says"}}},
              {},
              tenants_.size()};
    std::size_t done = 0;
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
      Made const& made = made_[i];
      auto const& error = outcomes_[i].error;
      done += error ? 0 : 1;
      std::string says = error ? error->message : "";
      if (made.backup && !error)
        for (std::string const& warning : made.backup->manifest.warnings)
          says += (says.empty() ? "" : "; ") + warning;
      auto const cell = [&](std::string const& text) {
        rows.result.append(text.empty() ? std::nullopt : std::optional<std::string_view>{text});
      };
      cell(tenants_[i].slug);
      cell(!error ? "done" : error->kind == ErrorKind::interrupted ? "stopped" : "failed");
      cell(made.backup ? made.backup->path.string() : "");
      cell(made.backup ? std::to_string(made.backup->manifest.bytes) : "");
      cell(made.backup ? std::to_string(made.backup->manifest.rows()) : "");
      cell(std::to_string(outcomes_[i].elapsed.count()));
      cell(std::to_string(made.pruned.size()));
      cell(says);
      if (error) rows.failures.push_back(*error);
    }
    notes_.push_back(fmt::format("{} of {} tenants backed up", done, tenants_.size()));
    std::optional<ErrorKind> ended;
    if (untold_ || (rows.asked > 0 && rows.failures.size() == rows.asked)) ended = ErrorKind::failed;
    if (world_.interrupt.stop_requested()) ended = ErrorKind::interrupted;
    if (std::holds_alternative<TenantRef>(arguments_.self) && !rows.failures.empty())
      throw Error{rows.failures.front()};
    return whole_in_a_step(world_, {std::move(rows), std::move(notes_), ended});
  }

 private:
  // On a worker thread.
  void back_up(std::size_t index, fleet::Attempt& attempt) {
    Tenant const& tenant = tenants_[index];
    fleet::DumpRequest request = requests_[index];
    request.at = fleet::compact_time(world_.fleet.clock().now());
    fleet::DumpMeans const means = dump_means(world_);
    // A run's locks are its runbook's business: one that holds this tenant would be refused by itself.
    std::vector<std::string> objects;
    if (world_.gate.run_id().empty()) objects.push_back("tenant " + tenant.slug);
    HeldObjects held{world_, std::move(objects), "backup of " + tenant.slug};
    fleet::can_be_dumped(request, means);
    attempt.reached();
    Made& made = made_[index];
    made.backup = fleet::dump(request, means);
    if (held.master() != nullptr) register_backup(*held.master(), tenant, *made.backup);
    if (keep_days_ > 0 || keep_count_ > 0)
      made.pruned = prune_folder(world_, request.folder, tenant.slug, keep_days_, keep_count_, reason_);
  }

  void register_backup(fleet::Session& master, Tenant const& tenant, fleet::Backup const& backup) {
    if (master.query({"select to_regclass('identity.backup') is null"}).value() == "t") return;
    fleet::Manifest const& manifest = backup.manifest;
    std::string levels;
    for (std::string const& level : manifest.verified) levels += (levels.empty() ? "" : ", ") + level;
    fleet::Transaction transaction{master, fleet::Access::read_write};
    master.query(
        {"insert into identity.backup (tenant_id, path, format, mode, bytes, sha256, server_version, "
         "taken_at, verified_at, verified_level, run_id) select id, $2, $3, $4, $5::bigint, $6, $7, "
         "$8::timestamptz, now(), $9, nullif($10, '') from identity.tenant where slug = $1",
         {tenant.slug, backup.path.string(), std::string{to_string(manifest.format)},
          std::string{to_string(manifest.mode)}, std::to_string(manifest.bytes), manifest.sha256,
          manifest.server_version, manifest.taken_at, levels, manifest.run_id}});
    leave_audit(world_, master,
                {{tenant.slug, "tenant " + tenant.slug, "backup", {{"path", backup.path.string()}}}},
                reason_);
    transaction.commit();
  }

  World& world_;
  Arguments const& arguments_;
  fleet::DumpRequest options_;
  fs::path folder_;
  int keep_days_, keep_count_, jobs_;
  std::string reason_;
  std::vector<Tenant> tenants_;
  std::vector<fleet::DumpRequest> requests_;  // of the same index
  std::vector<Made> made_;
  std::vector<fleet::Outcome> outcomes_;
  std::vector<std::string> notes_;
  bool untold_ = false;
};

Answer backup(World& world, Arguments const& arguments) {
  FleetBackup work{world, arguments};
  work.run();
  work.tell_monitor();
  return work.answer();
}

std::vector<std::string> describe_backup(World& world, Arguments const& arguments) {
  return FleetBackup{world, arguments}.plan_lines();
}

std::vector<Parameter> parameters() {
  std::vector<Parameter> all{
      {.name = "tenants",
       .type = Type::selection,
       .default_text = "those it is called for",
       .brief = "which tenants: all, a slug, a glob, key=value[,key=value] or @file"},
      {.name = "folder",
       .type = Type::path,
       .default_text = "backups/ENVIRONMENT in TENANTSH_HOME",
       .brief = "each tenant's archives lie in a subfolder of it"},
      {.name = "jobs", .type = Type::integer, .default_text = "--jobs, else 2", .brief = "tenants at once"},
      {.name = "table_jobs",
       .type = Type::integer,
       .default_text = "1",
       .brief = "tables of a tenant at once; more than one needs the directory format"}};
  for (Parameter& parameter : dump_parameters()) all.push_back(std::move(parameter));
  for (Parameter& parameter : retention_parameters()) all.push_back(std::move(parameter));
  all.push_back(
      {.name = "prometheus",
       .type = Type::path,
       .brief = "a file, replaced as a whole, with age, size and success per tenant for a monitor"});
  return all;
}

}  // namespace

void add_fleet_backup(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "backup",
      .effect = Effect::write,
      .parameters = parameters(),
      .returns =
          "result: tenant, state (done, failed, stopped), path, bytes, rows, milliseconds, pruned (how "
          "many went), says",
      .errors = "locked while another one of these is at work; what stopped a tenant is in the result and "
                "stops no other one; one tenant's own error is raised; usage; interrupted",
      .brief =
          "Each tenant into an archive of its own, verified and registered, a few at once; afterwards what "
          "no "
          "rule keeps is deleted. A tenant that a run works on is passed over as failed. For one tenant step "
          "by step, with its writes stopped if need be: the runbook tenant_backup.",
      .example = "tenants:where{ status = \"active\" }:backup{ keep_days = 30, plan = true }",
      .receiver = Receiver::both,
      .run = backup,
      .describe = describe_backup});
}

}  // namespace scripting
