#pragma once

#include <filesystem>
#include <optional>

#include "fleet/cluster.hpp"
#include "fleet/process.hpp"

namespace fleet {

// What a server process says about itself: the lines of DATA/postmaster.pid, and of the lock file beside its
// socket, which has the first five.
//   1 pid   2 data directory   3 start time   4 port   5 socket folder   6 address   7 shared memory   8
//   state
struct PostmasterFile {
  int pid = 0;
  std::filesystem::path data;
  int port = 0;
  std::filesystem::path socket_folder;
  bool ready = false;  // accepts connections
};

std::optional<PostmasterFile> read_postmaster_file(std::filesystem::path const& path);

// The live server of a data directory; a pid in its file that another process now has is not one.
std::optional<ProcessIdentity> find_postmaster(std::filesystem::path const& data);

// Makes way for a start after a kill -9 or a reboot: ends sessions that outlived their postmaster, and a
// server of ours whose folder was deleted under it; disowns lock files whose pid is a zombie's or someone
// else's by now (PostgreSQL itself would refuse to start). Throws Error{refused} when another server holds
// the plan's socket.
void clear_leftovers(ClusterPlan const& plan);

// True when the process ended within the time.
bool ends_within(ProcessIdentity const& process, std::chrono::milliseconds time);

}  // namespace fleet
