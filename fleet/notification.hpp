#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "fleet/environment.hpp"

namespace fleet {

// What became of a run, for people who are not at its terminal.
struct Notification {
  std::string event;  // "waiting" | "failed" | "done"
  std::string run, runbook, step;
  std::string body;  // all of it: one JSON object on one line, without secrets
};

// Sends an environment's notifications: to its command (body on standard input; TENANTSH_EVENT, _RUN,
// _RUNBOOK and _STEP in the environment) and to its webhook (POST by curl). Each of the two has a thread of
// its own, started by the first notification, which sends in order: nobody who works waits for it, and one
// that cannot be sent becomes a text. Thread-safe.
class Notifications {
 public:
  // `exec_allowed`: as Configuration has it. `secrets` must outlive it.
  Notifications(Notify settings, Secrets& secrets, bool exec_allowed);
  ~Notifications();  // as give_up()
  Notifications(Notifications const&) = delete;
  Notifications& operator=(Notifications const&) = delete;

  // Those of Notify::on; returns at once. Never throws.
  void send(Notification const& notification) noexcept;
  // Whether everything is sent, or has failed, within `time`.
  bool wait(std::chrono::milliseconds time);
  // Waits for what is under way, 10 s at most, then ends it. Nothing is sent afterwards.
  void finish();
  // Ends what is under way now; what had not begun fails.
  void give_up();
  // What went wrong since the last call, each text once in all: "notification was not sent: …".
  std::vector<std::string> take_failures();

 private:
  class Receiver;

  void send_to_command(Notification const& notification, std::function<bool()> const& over);
  void send_to_webhook(Notification const& notification, std::function<bool()> const& over);
  void note_failure(std::string const& what);

  Notify settings_;
  Secrets& secrets_;
  bool exec_allowed_;
  std::mutex mutex_;  // of the two below
  std::vector<std::string> failures_;
  std::set<std::string> told_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
};

}  // namespace fleet
