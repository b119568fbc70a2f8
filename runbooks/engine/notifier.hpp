#pragma once

#include <functional>

#include "fleet/notification.hpp"
#include "runbooks/engine/console.hpp"

namespace runbooks {

// Port: who is told what becomes of a run, while nobody may sit at its terminal.
struct Notifier {
  // Returns at once, never throws; any thread. Empty: nobody is told.
  std::function<void(fleet::Notification const&)> send;
  // From now on `waits` is called, on any thread, for a question that stays unanswered for a while, or that
  // nobody is there to answer; with an empty function no more.
  std::function<void(std::function<void(Question const&)> waits)> watch_questions;
};

}  // namespace runbooks
