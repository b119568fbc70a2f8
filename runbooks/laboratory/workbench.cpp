#include "runbooks/laboratory/workbench.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <future>

#include "fleet/private_files.hpp"
#include "fleet/sandbox.hpp"

namespace runbooks {

namespace fs = std::filesystem;

namespace {

// Does it for all members at once; throws the first failure when all have ended.
template <typename Work>
void at_once(std::vector<std::string> const& members, Work const& work) {
  std::vector<std::future<void>> parts;
  parts.reserve(members.size());
  for (std::string const& member : members)
    parts.push_back(std::async(std::launch::async, work, std::cref(member)));
  std::exception_ptr failure;
  for (auto& part : parts) {
    try {
      part.get();
    } catch (std::exception const&) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

// With owners, modes and times; where the file system can, without copying.
void copy_tree(fs::path const& from, fs::path const& to) {
  fleet::run_checked({.argv = {"cp", "-a", "--reflink=auto", from.string(), to.string()}});
}

}  // namespace

Workbench::Workbench(Parts parts) : parts_(std::move(parts)), files_(parts_.root / "home") {
  // Root's servers run as another user, who has to get through.
  mode_t const mode = ::geteuid() == 0 ? 0711 : 0700;
  fs::permissions(parts_.root, static_cast<fs::perms>(mode));
  fleet::make_folder(home(), mode);
}

Workbench::~Workbench() {
  try {
    fleet::Sandbox{home(), parts_.secrets}.reset({});
  } catch (std::exception const&) {
    // What cannot be stopped cannot be deleted either; the folder goes as far as it can.
  }
  try {
    fleet::remove_tree(parts_.root);
  } catch (std::exception const&) {
  }
}

void Workbench::raise() {
  fleet::Sandbox{home(), parts_.secrets}.up({.servers = 2, .tenants = 0}, {});
  state_ = files_.read_state().value();
}

fleet::ClusterPlan Workbench::plan(std::string const& member) const { return files_.plan(state_, member); }

void Workbench::stop(fleet::StopMode mode) {
  at_once(members(), [&](std::string const& member) { fleet::Cluster{plan(member)}.stop(mode); });
}

void Workbench::keep() {
  stop(fleet::StopMode::fast);
  fleet::remove_tree(root() / "kept");
  copy_tree(home(), root() / "kept");
  raise();
}

void Workbench::restore() {
  stop(fleet::StopMode::immediate);
  fleet::remove_tree(home());
  copy_tree(root() / "kept", home());
  raise();
}

void Workbench::crash(std::vector<std::string> const& members) const {
  at_once(members, [&](std::string const& member) {
    fleet::Cluster cluster{plan(member)};
    cluster.stop(fleet::StopMode::immediate);
    cluster.start();
  });
}

std::unique_ptr<fleet::Session> Workbench::open(std::string const& member,
                                                std::string const& database) const {
  fleet::ClusterPlan const cluster = plan(member);
  fleet::Endpoint endpoint;
  endpoint.keywords = {{"host", cluster.socket_directory.string()},
                       {"port", std::to_string(cluster.port)},
                       {"dbname", database},
                       {"user", cluster.superuser}};
  endpoint.password = fleet::Secret::parse("file:" + cluster.superuser_password_file.string());
  endpoint.server = member;
  return parts_.driver.connect(endpoint, parts_.secrets, {.role = {}, .application_name = "laboratory"});
}

fleet::Command Workbench::program(std::string const& name, std::string const& member,
                                  std::string const& database) const {
  fleet::ClusterPlan const cluster = plan(member);
  std::string password = fleet::read_file(cluster.superuser_password_file).value_or("");
  if (password.ends_with('\n')) password.pop_back();
  return {.argv = {fleet::postgres_program(name).string(), "--host=" + cluster.socket_directory.string(),
                   "--port=" + std::to_string(cluster.port), "--username=" + cluster.superuser,
                   "--dbname=" + database},
          .environment = {{"PGPASSWORD", password}},
          .without = {"PG*"}};
}

}  // namespace runbooks
