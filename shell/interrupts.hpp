#pragma once

#include <functional>
#include <memory>
#include <mutex>

namespace shell {

// Ctrl-C (and SIGTERM, SIGHUP) as a request to stop: the first press calls `on_press` on a thread of its own,
// where taking locks is allowed; the second one before renew() puts the terminal right and exits with 130.
// One object in a process, and until its end: signals belong to the process.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(Interrupts const&) = delete;
  Interrupts& operator=(Interrupts const&) = delete;

  // What a press does from now on; set before work starts, cleared before what it refers to goes away.
  void on_press(std::function<void()> action);
  // A new entry begins: earlier presses are forgotten.
  void renew();
  bool pressed() const;
  // SIGTERM or SIGHUP came: the person or the terminal is gone, and no further entry is asked for.
  bool told_to_end() const;
  // While held a press is only noted, however often; it counts when let go. `told` says so, once a hold.
  void hold(bool yes, std::function<void()> told = {});
  // Readable while pressed(), for poll() beside a terminal.
  int descriptor() const;

 private:
  struct Action {
    std::mutex mutex;
    std::function<void()> call, told;
  };
  static void watch(Action& action);

  std::shared_ptr<Action> action_;  // the watching thread's too
};

// What a dying process must put back: the terminal as it was before echo was switched off. Async-signal-safe.
void restore_terminal() noexcept;
// An editor changes the terminal from here on, until it has put it right itself.
void prepare_terminal_restore(int descriptor);
void forget_terminal_restore() noexcept;

}  // namespace shell
