#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session_watch.hpp"
#include "runbooks/engine/boundary.hpp"

namespace runbooks {

// A moment of a run: of which step, and which time it is met there (1, 2, …). Beside the moments of
// runbooks/engine/boundary.hpp: sending and sent, of each statement between a step's intent and its effect.
struct Place {
  std::string moment, step;  // the step is empty for the run itself
  int ordinal = 1;
  std::string sql;  // of sent: how the statement begins

  auto operator<=>(Place const&) const = default;
  std::string text() const;  // "sent:database#2"
};

// What a process does to itself at some places of its run, as TENANTSH_CRASH tells it, pieces joined by ';':
//
//   MOMENT:STEP            kill -9 of itself, the first time
//   ACT@MOMENT:STEP#K      at the K-th time; ACT: kill | cut (its connections to servers) | stop (SIGSTOP,
//                          until somebody continues it)
//   record@FILE            appends a line for every place it comes to, and one for every act
class Faults {
 public:
  // Error{usage} for a piece that is none.
  explicit Faults(std::string const& text);

  // Both from any thread.
  void reach(std::string_view moment, std::string const& step);
  void hand(fleet::Handing handing, std::string_view sql);

 private:
  enum class Act { kill, cut, stop };
  struct Planned {
    Act act;
    Place place;
  };
  void meet(Place place);  // with mutex_ held

  std::mutex mutex_;
  std::vector<Planned> planned_;
  std::filesystem::path record_;
  std::map<std::pair<std::string, std::string>, int> met_;
  std::string acting_;  // the step between its intent and its effect
  bool in_step_ = false;
};

// What a process recorded.
struct Record {
  std::vector<Place> places;
  bool acted = false;  // a planned act was begun
};
Record read_record(std::filesystem::path const& file);

}  // namespace runbooks
