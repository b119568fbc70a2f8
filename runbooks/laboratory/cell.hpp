#pragma once

#include <string>
#include <vector>

#include "runbooks/laboratory/fault.hpp"

namespace runbooks {

// How a run is broken.
enum class Fault {
  kill,       // kill -9 of the process
  cut,        // its connections go dead; the process and its backends live on
  terminate,  // its backends are terminated
  restart,    // the master crashes and recovers
  outage,     // every server crashes and recovers, at once
};
std::vector<Fault> all_faults();
std::string_view to_string(Fault fault);
// "kill,cut". Error{usage} names the ones there are.
std::vector<Fault> parse_faults(std::string const& text);

// When a server executes what it was sent.
enum class Delivery {
  prompt,
  late,  // only when the resume has begun: its backend was held up meanwhile
};

// One square of the matrix.
struct Cell {
  Place place;
  Fault fault = Fault::kill;
  Delivery delivery = Delivery::prompt;
  int of = 1;  // how often the undisturbed run comes to this moment of this step

  std::string row() const;  // "sent 3/12, late": the moment as the matrix names it
};

struct CellChoice {
  std::vector<Fault> faults;
  std::string at;               // only this step, or section; empty: all
  bool all_statements = false;  // else of each step the first, a middle one, COMMIT, the last that writes
  int sample = 0;               // 0: all; else about so many, every moment × fault at least once
};

// The matrix over what an undisturbed run recorded: rows in the order of the run. Deterministic.
std::vector<Cell> lay_out(std::vector<Place> const& recorded, CellChoice const& choice);

}  // namespace runbooks
