#include "shell/waiting_console.hpp"

#include <algorithm>

#include "runbooks/engine/deadline.hpp"

namespace shell {

namespace {

constexpr std::chrono::hours longest{24 * 365};  // a deadline counts in nanoseconds

}  // namespace

void WaitingConsole::watch(std::chrono::milliseconds patience, Waits waits) {
  std::lock_guard const lock{mutex_};
  patience_ = std::min<std::chrono::milliseconds>(patience, longest);
  waits_ = std::move(waits);
}

std::string WaitingConsole::ask(runbooks::Question const& question) {
  std::unique_lock lock{mutex_};
  auto const patience = patience_;
  Waits const waits = waits_;
  lock.unlock();
  if (!waits) return console_->ask(question);
  if (!console_->interactive() || patience.count() == 0) {
    waits(question);
    return console_->ask(question);
  }
  runbooks::Deadline const deadline{patience, [&] { waits(question); }};
  return console_->ask(question);
}

}  // namespace shell
