#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/gate.hpp"

namespace scripting {

using fleet::Operator;

// What the command line said for the whole process.
struct Settings {
  bool yes = false;
  std::string confirm;   // slug typed in advance for destructive questions
  std::string reason;
  int jobs = 0;
  int timeout_ms = 0;
};

// Everything a method may touch; made in main, passed by reference, never global.
struct World {
  fleet::Fleet& fleet;
  runbooks::Console& console;
  runbooks::Gate& gate;
  Operator who;
  Settings settings;
  std::filesystem::path shipped;  // folder that holds migrations/ and runbooks/ (source tree or share/tenantsh)
  std::filesystem::path home;     // TENANTSH_HOME
  std::stop_source interrupt;     // requested by Ctrl-C; renewed by the shell for each entry
};

}  // namespace scripting
