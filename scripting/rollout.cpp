#include "scripting/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "migrations/engine/plan.hpp"
#include "scripting/migration_history.hpp"
#include "scripting/migration_work.hpp"
#include "scripting/objects.hpp"
#include "scripting/told.hpp"
#include "scripting/wave_counter.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::MigrationSet;
using migrations::Scope;
using Steady = std::chrono::steady_clock;
namespace oid = fleet::type_oid;

// What became of one tenant.
struct Fate {
  enum class State { up_to_date, done, parked, stopped, not_begun } state = State::not_begun;
  std::string wave;
  std::vector<FileTurn> pending;  // before
  std::size_t files = 0;          // applied now
  int retries = 0;
  std::chrono::milliseconds elapsed{};
  std::optional<Error> error;
};

std::string_view to_string(Fate::State state) {
  switch (state) {
    case Fate::State::up_to_date: return "up to date";
    case Fate::State::done: return "done";
    case Fate::State::parked: return "parked";
    case Fate::State::stopped: return "stopped";
    case Fate::State::not_begun: return "not begun";
  }
  return "";
}

class Rollout {
 public:
  Rollout(World& world, Arguments const& arguments)
      : world_(world),
        arguments_(arguments),
        set_(load_set(world, arguments, Scope::tenant)),
        accepted_(accepted_problems(arguments)) {
    check_work(arguments);
    fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), receiver_selection(arguments));
    tenants_ = std::move(chosen.tenants);
    notes_ = left_out_notes(chosen);
    if (tenants_.empty()) notes_.push_back("no tenant was chosen");
    if (arguments.has("canary"))
      for (fleet::Tenant const& tenant :
           fleet::choose(world.fleet.tenants(), fleet::Selection::parse(arguments.text("canary"))).tenants)
        canaries_.push_back(tenant.slug);
    jobs_ = static_cast<int>(arguments.integer("jobs", world.settings.jobs));
    if (arguments.has("until")) {
      auto const files = set_.matching(arguments.text("until"));
      until_ = files.back()->version;
    }
  }

  // Reads what every tenant has: who is left, and who cannot be worked on.
  void look() {
    auto work = look_at_each(world_, {Scope::tenant, tenants_, {}}, [&](migrations::Ledger const& ledger) {
      auto const plan = migrations::plan_until(set_, ledger, until_);
      migrations::stop_at_problems(plan.problems, accepted_);
      std::vector<FileTurn> turns;
      for (migrations::Migration const* file : plan.pending) turns.push_back({file->name});
      return turns;
    });
    for (TargetWork& here : work) {
      Fate& tenant = fates_[here.target];
      if (here.error) {
        park(tenant, std::move(*here.error), here.target);
        continue;
      }
      tenant.pending = std::move(here.files);
      if (tenant.pending.empty())
        tenant.state = Fate::State::up_to_date;
      else
        left_.push_back(here.target);
    }
    waves_ = migrations::make_waves(left_, canaries_, arguments_.text("waves"));
    limit_.emplace(arguments_.text("max_failures"), tenants_.size());
  }

  void run() {
    tell_the_audit();
    for (migrations::Wave const& wave : waves_) {
      if (limit_->reached(failures_)) {
        stopped_ = "max_failures is reached";
        break;
      }
      run_wave(wave);
      if (wave.name == "canary" && failures_in(wave) > 0) {
        stopped_ = "a canary failed";
        break;
      }
      if (world_.interrupt.stop_requested()) break;
    }
    if (stopped_.empty() && limit_->reached(failures_) && not_begun() > 0)
      stopped_ = "max_failures is reached";
  }

  Answer answer() {
    Rows rows{fleet::Result{{{"target"},
                             {"state"},
                             {"wave"},
                             {"files", oid::int8},
                             {"milliseconds", oid::int8},
                             {"retries", oid::int4},
                             {"left", oid::int8},
                             {"says"}}},
              {},
              tenants_.size()};
    std::map<Fate::State, std::size_t> counts;
    for (fleet::Tenant const& tenant : tenants_) {
      Fate const& fate = fates_[tenant.slug];
      ++counts[fate.state];
      rows.result.append(tenant.slug);
      rows.result.append(to_string(fate.state));
      rows.result.append(fate.wave.empty() ? std::nullopt : std::optional<std::string_view>{fate.wave});
      rows.result.append(std::to_string(fate.files));
      rows.result.append(std::to_string(fate.elapsed.count()));
      rows.result.append(std::to_string(fate.retries));
      // Another run may have done what this one found done.
      rows.result.append(std::to_string(
          fate.state == Fate::State::done ? 0
                                          : fate.pending.size() - std::min(fate.files, fate.pending.size())));
      rows.result.append(fate.error ? std::optional<std::string_view>{fate.error->message} : std::nullopt);
      if (fate.error) rows.failures.push_back(*fate.error);
    }
    std::string summary;
    for (auto const& [state, count] : counts)
      summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, to_string(state));
    if (!summary.empty()) notes_.push_back(summary);
    if (!stopped_.empty()) notes_.push_back("stopped: " + stopped_);
    for (std::string const& line : groups()) notes_.push_back(line);
    if (world_.interrupt.stop_requested())
      throw Error{ErrorKind::interrupted, "interrupted: " + summary}.with_hint(
          "every tenant stands at a whole migration, in a no-transaction file at a whole statement; the same "
          "command goes on with those that are left");
    std::optional<ErrorKind> ended;
    if (rows.asked > 0 && rows.failures.size() == rows.asked) ended = ErrorKind::failed;
    Answer made{std::move(rows), std::move(notes_), ended};
    return arguments_.boolean("go_on") ? made : whole_in_a_step(world_, std::move(made));
  }

  // "canary: apply 3 files (001_a.sql … 003_c.sql) to acme"
  std::vector<std::string> plan_lines() {
    std::vector<std::string> lines;
    for (migrations::Wave const& wave : waves_)
      for (std::string& line : lines_of(work_of(wave), wave.name + ": ")) lines.push_back(std::move(line));
    for (auto const& [slug, fate] : fates_)
      if (fate.error) lines.push_back("park " + slug + ": " + fate.error->message);
    return lines;
  }

  std::vector<migrations::Wave> const& waves() const { return waves_; }

 private:
  // Who was parked before any wave, and who was parked and has every file now: whatever mended it.
  void tell_the_audit() {
    std::vector<AuditRow> rows;
    for (auto const& [slug, fate] : fates_)
      if (fate.error)
        rows.push_back(
            {slug, "tenant", "migrate", {{"files", Json::array()}, {"error", fate.error->message}}});
    bool const anybody = std::any_of(fates_.begin(), fates_.end(), [](auto const& fate) {
      return fate.second.state == Fate::State::up_to_date;
    });
    if (anybody && keeps_audit(world_)) {
      fleet::Result const before = parked_tenants(world_);
      for (std::size_t row = 0; row < before.rows(); ++row) {
        auto const fate = fates_.find(before.text(row, "tenant"));
        if (fate != fates_.end() && fate->second.state == Fate::State::up_to_date)
          rows.push_back(
              {fate->first, "tenant", "migrate", {{"files", Json::array()}, {"state", "up to date"}}});
      }
    }
    leave_audit(world_, rows, arguments_.text("reason", world_.settings.reason));
  }

  void park(Fate& tenant, Error error, std::string const& slug) {
    tenant.state = Fate::State::parked;
    if (error.tenant.empty()) error.tenant = slug;
    tenant.error = std::move(error);
    ++failures_;
  }

  std::size_t failures_in(migrations::Wave const& wave) {
    return static_cast<std::size_t>(
        std::count_if(wave.targets.begin(), wave.targets.end(),
                      [&](auto const& slug) { return fates_[slug].error.has_value(); }));
  }

  std::size_t not_begun() const {
    return static_cast<std::size_t>(std::count_if(fates_.begin(), fates_.end(), [](auto const& fate) {
      return fate.second.state == Fate::State::not_begun;
    }));
  }

  void run_wave(migrations::Wave const& wave) {
    std::set<std::string> const members(wave.targets.begin(), wave.targets.end());
    MigrationTargets part{Scope::tenant, {}, {}};
    for (fleet::Tenant const& tenant : tenants_)
      if (members.count(tenant.slug) > 0) part.tenants.push_back(tenant);
    AuditTrail trail{world_, Scope::tenant, "migrate", arguments_.text("reason", world_.settings.reason)};
    trail.begin(work_of(wave), {{"wave", wave.name}});
    std::mutex mutex;  // for fates_ and failures_
    WaveCounter counter{wave.name, part.tenants.size()};
    bool const canary = wave.name == "canary";
    std::size_t const before = failures_;
    auto one = [&](TargetSession const& place) -> fleet::Result {
      std::string const& slug = place.tenant.slug;
      {
        std::lock_guard lock{mutex};
        if (canary ? failures_ > before : limit_->reached(failures_)) return {};  // not begun
      }
      auto const start = Steady::now();
      std::optional<Error> failed;
      require_adopted(world_, set_, place);
      migrations::ApplyOptions options = apply_options(world_, arguments_, set_, place);
      options.on_done = [&](migrations::Migration const& file, migrations::Direction direction,
                            std::chrono::milliseconds) {
        trail.did(slug, {file.name, direction});
      };
      int retries = 0;
      options.on_retry = [&retries](auto const&, int, auto const&) { ++retries; };
      try {
        migrations::apply(place.session, set_, options, until_);
      } catch (Error const& error) {
        failed = error;
      }
      std::lock_guard lock{mutex};
      Fate& fate = fates_[slug];
      fate.wave = wave.name;
      fate.files = trail.done(slug).size();
      fate.retries = retries;
      fate.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start);
      bool const stopped = failed && failed->kind == ErrorKind::interrupted;
      if (failed && !stopped) {
        park(fate, *failed, slug);
      } else {
        fate.state = failed ? Fate::State::stopped : Fate::State::done;
      }
      counter.done(failed && !stopped);
      if (failed) throw Error{*failed};  // so that its session is closed
      return {};
    };
    std::vector<TargetOutcome> outcomes;
    told(
        world_, [&](double seconds) { return counter.line(seconds); },
        [&] { outcomes = for_each_target(world_, part, Touch::writes, jobs_, one); });
    // What never came so far as `one`: a server that is away, a login that is refused.
    for (TargetOutcome& outcome : outcomes) {
      Fate& fate = fates_[outcome.target];
      if (outcome.error && !fate.error && outcome.error->kind != ErrorKind::interrupted) {
        fate.wave = wave.name;
        park(fate, *outcome.error, outcome.target);
      }
    }
    trail.end(outcomes, {{"wave", wave.name}});
  }

  std::vector<TargetWork> work_of(migrations::Wave const& wave) {
    std::vector<TargetWork> work;
    for (std::string const& slug : wave.targets) work.push_back({slug, fates_[slug].pending, std::nullopt});
    return work;
  }

  // "2 parked: 003_c.sql: relation … (acme, beta)": failures that are the same, with numbers and names in
  // quotes left out of the comparison.
  std::vector<std::string> groups() {
    std::map<std::string, std::pair<std::string, std::vector<std::string>>> alike;
    for (fleet::Tenant const& tenant : tenants_) {
      auto const& error = fates_[tenant.slug].error;
      if (!error) continue;
      std::string key = error->sqlstate + ":";
      bool quoted = false;
      for (char c : error->message) {
        if (c == '"') quoted = !quoted;
        if (!quoted && (c < '0' || c > '9')) key += c;
      }
      auto& group = alike[key];
      group.first = error->message;
      group.second.push_back(tenant.slug);
    }
    std::vector<std::string> lines;
    for (auto const& [key, group] : alike)
      if (group.second.size() > 1)
        lines.push_back(fmt::format("{} parked alike ({}): {}", group.second.size(), names_text(group.second),
                                    group.first));
    return lines;
  }

  World& world_;
  Arguments const& arguments_;
  MigrationSet set_;
  migrations::AcceptedProblems accepted_;
  std::vector<fleet::Tenant> tenants_;
  std::vector<std::string> canaries_, left_, notes_;
  int jobs_ = 0;
  std::optional<migrations::Version> until_;
  std::map<std::string, Fate> fates_;
  std::vector<migrations::Wave> waves_;
  std::optional<migrations::FailureLimit> limit_;
  std::size_t failures_ = 0;
  std::string stopped_;
};

}  // namespace

fleet::Result parked_tenants(World& world) {
  return world.fleet.read(
      world.fleet.master(),
      "select t.slug as tenant, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as at, "
      "a.after ->> 'wave' as wave, a.after ->> 'error' as says, a.run_id as run "
      "from (select distinct on (tenant_id) * from identity.tenant_audit where action = 'migrate' "
      "order by tenant_id, id desc) a join identity.tenant t on t.id = a.tenant_id "
      "where a.after ? 'error' order by t.slug");
}

Answer run_rollout(World& world, Arguments const& arguments) {
  Rollout rollout{world, arguments};
  rollout.look();
  rollout.run();
  return rollout.answer();
}

std::vector<std::string> describe_rollout(World& world, Arguments const& arguments) {
  Rollout rollout{world, arguments};
  rollout.look();
  return rollout.plan_lines();
}

std::vector<migrations::Wave> rollout_waves(World& world, Arguments const& arguments) {
  Rollout rollout{world, arguments};
  rollout.look();
  return rollout.waves();
}

}  // namespace scripting
