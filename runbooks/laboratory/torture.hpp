#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "runbooks/laboratory/experiment.hpp"

namespace runbooks {

struct TortureParts {
  fleet::Driver& driver;
  fleet::Secrets& secrets;
  std::filesystem::path folder;  // where the benches' folders go; theirs begin with tenantsh-torture-
  std::stop_token stop;
  // One line about how far it is; called from the thread that called torture().
  std::function<void(std::string const&)> report;
};

struct TortureResult {
  std::vector<Cell> cells;        // in the order of the run
  std::vector<Finding> findings;  // of the same cells
  // By step, of those with more statements than were tried: how many it has.
  std::map<std::string, int> statements;
};

// Runs the whole matrix, `jobs` benches side by side. Nothing is left behind, whatever happens.
TortureResult torture(TortureParts parts, Subject const& subject, CellChoice const& choice, int jobs);

// A folder with room for that many benches: TMPDIR when that is set, else in memory if possible.
std::filesystem::path roomy_folder(int jobs);

}  // namespace runbooks
