#pragma once

#include <map>
#include <memory>
#include <string>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

// The sessions of one run to the databases its steps act on: their own, not the pool's, because their
// application_name carries the run, so that a backend that outlives us can be found.
class Targets {
 public:
  Targets(fleet::Fleet& fleet, fleet::Operator const& who, std::string run_id);

  // Null when the target has no database of its own, or when that database does not exist (yet).
  // Error{connect} when the server cannot be reached. A session that was lost is opened anew only here,
  // between steps, never in the middle of one.
  fleet::Session* open(Target const& target, fleet::Access access);
  // Closes them all.
  void close();
  // A step on `next` begins: its own sessions stay, as good as new, because connecting costs more than most
  // steps; the others close, as it may rename or drop what they are connected to.
  void turn_to(Target const& next);

 private:
  fleet::Fleet& fleet_;
  fleet::Operator const& who_;
  std::string run_id_;
  std::map<std::string, std::unique_ptr<fleet::Session>> sessions_;
};

// Backends of an earlier process of this run that still work on the server. Those whose process is provably
// gone (it ran on this host) are given a moment, then ended, and waited for; returns a line per backend
// ended. Error{in_doubt} names one whose process may still live.
std::vector<std::string> settle_orphans(fleet::Session& session, fleet::Operator const& who,
                                        std::string const& run_id);

}  // namespace runbooks
