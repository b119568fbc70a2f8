#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "runbooks/engine/console.hpp"

namespace shell {

// A console whose questions can be watched: who asked for it hears of one that stays unanswered.
class WaitingConsole final : public runbooks::Console {
 public:
  using Waits = std::function<void(runbooks::Question const&)>;

  explicit WaitingConsole(std::unique_ptr<runbooks::Console> console) : console_(std::move(console)) {}

  // From now on `waits` is called for a question that is not answered after `patience` at a terminal, on a
  // thread of its own while the question stands; at once when nobody can be asked. Empty: no more.
  void watch(std::chrono::milliseconds patience, Waits waits);

  bool interactive() const override { return console_->interactive(); }
  void say(std::string_view text) override { console_->say(text); }
  void note(std::string_view text) override { console_->note(text); }
  std::string ask(runbooks::Question const& question) override;

 private:
  std::unique_ptr<runbooks::Console> console_;
  std::mutex mutex_;  // of the two below
  std::chrono::milliseconds patience_{};
  Waits waits_;
};

}  // namespace shell
