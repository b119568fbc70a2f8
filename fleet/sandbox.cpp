#include "fleet/sandbox.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <future>
#include <semaphore>
#include <system_error>
#include <utility>

#include "fleet/dsn.hpp"
#include "fleet/private_files.hpp"
#include "fleet/sandbox_files.hpp"
#include "fleet/sandbox_login.hpp"
#include "fleet/socket_folder.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr int most_servers = 100;
constexpr int most_tenants = 100'000;
constexpr int most_connections = 1000;
constexpr int most_at_once = 8;  // members that are worked on in parallel

void check(SandboxOptions const& options) {
  auto refuse = [](std::string const& option, int most) {
    return Error{ErrorKind::usage, option + " must be between " + (option == "--servers" ? "1" : "0") +
                                       " and " + std::to_string(most)};
  };
  if (options.servers < 1 || options.servers > most_servers) throw refuse("--servers", most_servers);
  if (options.tenants < 0 || options.tenants > most_tenants) throw refuse("--tenants", most_tenants);
}

// What stands plus what is asked for; nothing ever shrinks.
SandboxState grown(SandboxState state, SandboxOptions const& options) {
  state.servers = std::max(state.servers, options.servers);
  state.tenants = std::max(state.tenants, options.tenants);
  int on_a_server = (state.tenants + state.servers - 1) / state.servers;
  // A server also takes the tenants that move to it.
  state.capacity = std::max({state.capacity, 100, 2 * on_a_server});
  // One warm connection a tenant (all but 23 of max_connections are kept for that), and room for
  // applications.
  int connections = (on_a_server + 50 + 49) / 50 * 50;
  state.max_connections = std::max({state.max_connections, 100, std::min(connections, most_connections)});
  return state;
}

// The folder chosen before, unless it is gone: /run/user/UID does not outlast the last login, /tmp no reboot.
fs::path socket_folder(fs::path const& chosen, fs::path const& home) {
  std::error_code ignored;
  bool there = !chosen.empty() && fs::exists(fs::symlink_status(chosen, ignored));
  return there ? chosen : default_socket_folder(home);
}

// One member's part of up, down or reset, done on its own thread.
struct Part {
  std::string line;     // to report
  bool worked = false;  // something had to be done
  std::exception_ptr failure;
};

Part raise(SandboxFiles const& files, ClusterPlan const& plan) {
  Cluster cluster{plan};
  std::string done;
  if (!cluster.exists()) {
    make_folder(files.member(plan.name), ::geteuid() == 0 ? 0711 : 0700);
    remove_tree(files.admin_made(plan.name));
    cluster.create();
    done = "created";
  }
  bool settings_changed = cluster.configure();
  if (cluster.running() && (settings_changed || !cluster.reachable())) {
    done = settings_changed ? "restarted with new settings" : "restarted, its socket was gone";
    cluster.stop();
  }
  if (!cluster.running()) {
    cluster.start();
    if (done.empty()) done = "started";
  }
  if (!fs::exists(files.admin_made(plan.name))) {
    make_admin(files, plan);
    write_private_file(files.admin_made(plan.name), "");
    if (done.empty()) done = "admin role made";
  }
  bool worked = !done.empty();
  return {.line = plan.name + ": " + (worked ? done : "already running"), .worked = worked, .failure = {}};
}

Part lower(ClusterPlan const& plan) {
  Cluster cluster{plan};
  bool running = cluster.running();
  cluster.stop();
  return {.line = plan.name + ": " + (running ? "stopped" : "not running"), .worked = running, .failure = {}};
}

// Runs all parts at once, reports them in the order of the members, then throws the first failure.
template <typename Work>
bool for_each_member(std::vector<ClusterPlan> const& plans, Sandbox::Report const& report, Work const& work) {
  std::counting_semaphore<most_at_once> slots{most_at_once};
  auto guarded = [&slots, &work](ClusterPlan const& plan) {
    slots.acquire();
    Part part;
    try {
      part = work(plan);
    } catch (std::exception const&) {
      part.failure = std::current_exception();
    }
    slots.release();
    return part;
  };
  std::vector<std::future<Part>> parts;
  parts.reserve(plans.size());
  for (ClusterPlan const& plan : plans)
    parts.push_back(std::async(std::launch::async, guarded, std::cref(plan)));
  bool worked = false;
  std::exception_ptr failure;
  for (auto& future : parts) {
    Part part = future.get();
    worked = worked || part.worked;
    if (!failure) failure = part.failure;
    if (!part.failure && report) report(part.line);
  }
  if (failure) std::rethrow_exception(failure);
  return worked;
}

std::vector<ClusterPlan> plans_of(SandboxFiles const& files, SandboxState const& state) {
  std::vector<ClusterPlan> plans;
  for (std::string const& name : state.member_names()) plans.push_back(files.plan(state, name));
  return plans;
}

SandboxLock held(SandboxFiles const& files, Sandbox::Report const& report) {
  return SandboxLock{files, [&report] {
                       if (report) report("waiting for another tenantsh that changes this sandbox");
                     }};
}

// Whatever a start or an initdb would fail on later, less clearly.
void check_before_work(SandboxFiles const& files, std::vector<ClusterPlan> const& plans) {
  int missing = 0;
  bool all_run = true;
  for (ClusterPlan const& plan : plans) {
    Cluster cluster{plan};
    if (!cluster.exists()) ++missing;
    all_run = all_run && cluster.reachable();
  }
  if (all_run) return;
  if (missing > 0) postgres_program("initdb");
  files.check_way_for_servers();
  files.check_room(missing);
  secure_socket_folder(plans.front().socket_directory);
}

void remove_socket_folder(fs::path const& folder) {
  struct stat status {};
  bool ours = folder.filename().string().starts_with("tenantsh-") && ::lstat(folder.c_str(), &status) == 0 &&
              S_ISDIR(status.st_mode) && (status.st_uid == server_uid() || status.st_uid == ::geteuid());
  if (ours) remove_tree(folder);
}

}  // namespace

Sandbox::Sandbox(fs::path home, Secrets& secrets) : home_(std::move(home)), secrets_(secrets) {}

bool Sandbox::up(SandboxOptions const& options, Report const& report) {
  check(options);
  SandboxFiles files{home_};
  files.check_ours();
  if (!files.read_state()) {  // nothing is left behind where it cannot work
    postgres_program("initdb");
    server_uid();
  }
  files.make();
  SandboxLock lock = held(files, report);
  files.check_ours();
  auto before = files.read_state();
  SandboxState state = grown(before.value_or(SandboxState{}), options);
  state.socket_folder = socket_folder(state.socket_folder, files.home());
  bool changed = before != state;
  std::vector<ClusterPlan> plans = plans_of(files, state);
  check_before_work(files, plans);

  // Before the first member: what was begun is known to whoever finishes it.
  if (changed) files.write_state(state);
  for (ClusterPlan const& plan : plans) make_passwords(files, plan.name, secrets_);
  changed = write_passfile(files, state) || changed;
  bool worked =
      for_each_member(plans, report, [&files](ClusterPlan const& plan) { return raise(files, plan); });
  return worked || changed;
}

void Sandbox::down(Report const& report) {
  SandboxFiles files{home_};
  files.check_ours();
  if (!files.read_state()) {
    if (report) report("there is no sandbox in " + files.home().string());
    return;
  }
  SandboxLock lock = held(files, report);
  auto state = files.read_state();
  if (state) for_each_member(plans_of(files, *state), report, lower);
}

void Sandbox::reset(Report const& report) {
  SandboxFiles files{home_};
  files.check_ours();
  std::error_code ignored;
  if (!fs::exists(files.root(), ignored)) {
    if (report) report("there is no sandbox in " + files.home().string());
    return;
  }
  SandboxLock lock = held(files, report);
  files.check_ours();
  // By folder, not by state: the marker may be damaged.
  std::vector<ClusterPlan> plans;
  for (auto const& entry : fs::directory_iterator{files.root(), ignored})
    if (fs::is_directory(entry.symlink_status()) && entry.path() != files.secrets())
      plans.push_back({.name = entry.path().filename().string(),
                       .data = entry.path() / "data",
                       .socket_directory = {},
                       .superuser_password_file = {}});
  std::sort(plans.begin(), plans.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
  fs::path sockets = default_socket_folder(files.home());
  try {
    if (auto state = files.read_state()) sockets = state->socket_folder;
  } catch (Error const&) {  // a damaged marker is a reason to reset
  }
  for_each_member(plans, report, [&files](ClusterPlan const& plan) {
    Cluster{plan}.remove();
    remove_tree(files.member(plan.name));
    return Part{.line = plan.name + ": deleted", .worked = true, .failure = {}};
  });
  remove_socket_folder(sockets);
  // The marker goes last but for the lock that others may wait for.
  for (auto const& entry : fs::directory_iterator{files.root(), ignored})
    if (entry.path() != files.marker() && entry.path() != files.lock()) remove_tree(entry.path());
  remove_tree(files.marker());
  remove_tree(files.lock());
  fs::remove(files.root(), ignored);  // not when somebody already begins anew in it
}

bool Sandbox::exists() const { return SandboxFiles{home_}.read_state().has_value(); }

std::vector<SandboxMember> Sandbox::members() const {
  SandboxFiles files{home_};
  std::vector<SandboxMember> members;
  auto state = files.read_state();
  if (!state) return members;
  for (ClusterPlan const& plan : plans_of(files, *state)) {
    Endpoint endpoint = admin_endpoint(files, plan);
    std::string dsn = dsn_of(endpoint.keywords);
    members.push_back({.name = plan.name,
                       .role = plan.name == "master" ? "master" : "server",
                       .endpoint = std::move(endpoint),
                       .dsn = std::move(dsn),
                       .running = Cluster{plan}.running()});
  }
  return members;
}

int Sandbox::capacity_tenants() const {
  auto state = SandboxFiles{home_}.read_state();
  return state ? state->capacity : 0;
}

fs::path default_home() {
  auto set = [](char const* name) {
    char const* value = std::getenv(name);
    return fs::path{value != nullptr ? value : ""};
  };
  if (fs::path chosen = set("TENANTSH_HOME"); !chosen.empty()) return fs::absolute(chosen).lexically_normal();
  if (::geteuid() == 0) return "/var/lib/tenantsh";
  // The XDG specification has a relative path ignored.
  if (fs::path state = set("XDG_STATE_HOME"); state.is_absolute()) return state / "tenantsh";
  fs::path home = set("HOME");
  if (passwd const* user = home.empty() ? ::getpwuid(::geteuid()) : nullptr; user != nullptr)
    home = user->pw_dir;
  if (!home.is_absolute())
    throw Error{ErrorKind::config, "there is no home folder to keep things in: set TENANTSH_HOME"};
  return home / ".local/state/tenantsh";
}

}  // namespace fleet
