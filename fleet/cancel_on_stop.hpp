#pragma once

#include <functional>
#include <stop_token>
#include <system_error>
#include <thread>

#include "fleet/session.hpp"

namespace fleet {

// Cancels what runs on a session once `stop` is requested, for as long as this lives; on a thread of its own,
// since a cancel request to a server that is gone takes as long as the network likes and the other servers'
// sessions are to be cancelled meanwhile.
class CancelOnStop {
 public:
  CancelOnStop(Session& session, std::stop_token const& stop)
      : callback_(stop, [this, &session] {
          try {
            canceller_ = std::jthread{[&session] { session.cancel(); }};
          } catch (std::system_error const&) {
            session.cancel();
          }
        }) {}

 private:
  std::jthread canceller_;  // joined after the callback is gone
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace fleet
