#include "runbooks/laboratory/patient.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "fleet/error.hpp"

namespace runbooks {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 120s;
constexpr int look_again_ms = 3;

void read_all(int descriptor, std::string& text) {
  if (descriptor < 0) return;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(descriptor, bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(got));
}

}  // namespace

fleet::Command Patient::command(Parts const& parts, std::vector<std::string> const& words) {
  fleet::Command started;
  started.argv = {parts.program.string(), "--env", "sandbox"};
  started.argv.insert(started.argv.end(), words.begin(), words.end());
  started.environment = {{"TENANTSH_HOME", parts.home.string()},
                         {"XDG_CONFIG_HOME", (parts.home / "no-configuration").string()}};
  if (parts.faults.empty())
    started.without = {"TENANTSH_CRASH"};
  else
    started.environment["TENANTSH_CRASH"] = parts.faults;
  return started;
}

Patient::Patient(Parts parts, std::vector<std::string> const& words)
    : stop_(parts.stop), child_(fleet::Child::start(command(parts, words))) {}

void Patient::read() {
  read_all(child_.output.get(), output_);
  read_all(child_.errors.get(), output_);
}

Patient::State Patient::wait() {
  auto const start = std::chrono::steady_clock::now();
  while (true) {
    read();
    siginfo_t seen{};
    if (::waitid(P_PID, static_cast<id_t>(child_.pid()), &seen, WSTOPPED | WNOHANG) == 0 && seen.si_pid != 0)
      return State::stopped;
    if (auto const code = child_.reap()) {
      read();
      exit_code_ = *code;
      return State::ended;
    }
    if (stop_.stop_requested()) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
    if (std::chrono::steady_clock::now() - start > patience) {
      child_.signal(SIGKILL);
      return State::stuck;
    }
    pollfd ended{child_.ended.get(), POLLIN, 0};
    ::poll(&ended, 1, look_again_ms);
  }
}

}  // namespace runbooks
