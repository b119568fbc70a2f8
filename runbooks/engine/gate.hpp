#pragma once

#include <string>
#include <utility>
#include <vector>

namespace runbooks {

// The one gate every effect passes (PRODUCT: plan is the same tree with every effect's gate closed). Methods
// with an effect and database handles ask it before they act; nothing else decides whether a write may happen.
enum class GateState {
  free,      // no runbook is at work: the environment's guard and the person decide
  loading,   // a runbook file is being declared: no I/O at all
  reading,   // probe, pre, when, verify: reads only; an attempt to write is Error{refused}
  planning,  // a body is being previewed: reads run, effects are recorded, their results are unknown
  open,      // a step's body runs
};

class Gate {
 public:
  GateState state() const { return state_; }

  // What would happen, in order: SQL with its values or a command line.
  void record(std::string what) { recorded_.push_back(std::move(what)); }
  std::vector<std::string> take_recorded() { return std::exchange(recorded_, {}); }

  // Sets the state for one scope.
  class Scope {
   public:
    Scope(Gate& gate, GateState state) : gate_(gate), before_(gate.state_) { gate.state_ = state; }
    ~Scope() { gate_.state_ = before_; }
    Scope(Scope const&) = delete;
    Scope& operator=(Scope const&) = delete;

   private:
    Gate& gate_;
    GateState before_;
  };

 private:
  GateState state_ = GateState::free;
  std::vector<std::string> recorded_;
};

}  // namespace runbooks
