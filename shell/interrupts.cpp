#include "shell/interrupts.hpp"

#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <thread>
#include <utility>

namespace shell {
namespace {

// A signal handler has no argument of ours: its state is the process's.
std::atomic<int> presses{0};
std::atomic<bool> held{false};
std::atomic<bool> to_end{false};
int wake = -1;  // eventfd
sem_t press_seen;

void handle_press(int signal) {
  int const saved = errno;
  if (signal != SIGINT) to_end = true;
  if (presses.fetch_add(1) > 0 && !held) {
    restore_terminal();
    ::_exit(130);
  }
  std::uint64_t const one = 1;
  [[maybe_unused]] ssize_t const written = ::write(wake, &one, sizeof one);
  ::sem_post(&press_seen);
  errno = saved;
}

void install(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);  // no SA_RESTART: a read at a prompt must return
}

}  // namespace

Interrupts::Interrupts() : action_(std::make_shared<Action>()) {
  wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ::sem_init(&press_seen, 0, 0);
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  // Never joined: waking it at the end of the process, only to wait for it, would take a millisecond.
  std::thread{[action = action_] { watch(*action); }}.detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
    // nohup and background jobs of a shell start us with a signal ignored; that stays so.
    struct sigaction inherited {};
    ::sigaction(signal, nullptr, &inherited);
    if (inherited.sa_handler != SIG_IGN) install(signal, handle_press);
  }
}

Interrupts::~Interrupts() {
  for (int const signal : {SIGINT, SIGTERM, SIGHUP}) install(signal, SIG_DFL);
  on_press({});
}

void Interrupts::watch(Action& action) {
  while (true) {
    if (::sem_wait(&press_seen) != 0) continue;
    std::lock_guard const lock{action.mutex};
    if (!held && action.call)
      action.call();
    else if (held && action.told)
      std::exchange(action.told, {})();
  }
}

void Interrupts::on_press(std::function<void()> action) {
  std::lock_guard const lock{action_->mutex};
  action_->call = std::move(action);
}

void Interrupts::renew() {
  std::uint64_t drained = 0;
  [[maybe_unused]] ssize_t const read = ::read(wake, &drained, sizeof drained);
  presses = 0;
}

void Interrupts::hold(bool yes, std::function<void()> told) {
  std::lock_guard const lock{action_->mutex};
  held = yes;
  action_->told = std::move(told);
  if (yes || presses == 0) return;
  presses = 1;
  if (action_->call) action_->call();
}

bool Interrupts::pressed() const { return presses > 0; }

bool Interrupts::told_to_end() const { return to_end; }

int Interrupts::descriptor() const { return wake; }

}  // namespace shell
