#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fleet/error.hpp"

namespace runbooks {

// The one gate every effect passes (PRODUCT: plan is the same tree with every effect's gate closed). Methods
// with an effect and database handles ask it before they act; nothing else decides whether a write may
// happen.
enum class GateState {
  free,      // no runbook is at work: the environment's guard and the person decide
  loading,   // a runbook file is being declared: no I/O at all
  reading,   // probe, pre, when, verify: reads only; an attempt to write is Error{refused}
  waiting,   // a person looks around at a prompt of their own while a step waits for the answer: reads only
  planning,  // a body is being previewed: reads run, effects are recorded, their results are unknown
  open,      // a step's body runs
};

class Gate {
 public:
  GateState state() const { return state_; }

  // For what only says where a step acts or with which values: in a plan some of them are unknown yet.
  GateState looking() const {
    return state_ == GateState::planning ? GateState::planning : GateState::reading;
  }

  // In a plan, a check that steps above must come before: its reads are told, not run.
  bool tells_reads() const { return tells_reads_; }
  void tell_reads(bool yes) { tells_reads_ = yes; }

  // Throws Error{refused} and remembers it: a script that swallows the error has tried to write all the same.
  [[noreturn]] void refuse(std::string message, std::string hint) {
    refusal_ = message;
    throw fleet::Error{fleet::ErrorKind::refused, std::move(message)}.with_hint(std::move(hint));
  }
  // The last refusal, empty when there was none.
  std::string take_refusal() { return std::exchange(refusal_, {}); }

  // The run whose steps are at work, for ledger and audit rows; empty outside a run.
  std::string const& run_id() const { return run_id_; }
  void set_run_id(std::string id) { run_id_ = std::move(id); }

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
  bool tells_reads_ = false;
  std::string refusal_;
  std::string run_id_;
  std::vector<std::string> recorded_;
};

}  // namespace runbooks
