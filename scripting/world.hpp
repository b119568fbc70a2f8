#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/gate.hpp"
#include "runbooks/engine/journal.hpp"
#include "runbooks/engine/notifier.hpp"
#include "scripting/value.hpp"

struct lua_State;

namespace scripting {

using fleet::Operator;

// A protected environment that writing was allowed in for a while: `\arm "reason" 15m`.
struct Armed {
  std::string reason;
  std::chrono::system_clock::time_point until;
};

// What the command line said for the whole process.
struct Settings {
  bool yes = false;
  std::string confirm;  // slug typed in advance for destructive questions
  std::string reason;
  int jobs = 0;
  int timeout_ms = 0;
  int display_rows = 1000;  // rows of a table that a terminal is shown; 0: all
  std::optional<Armed> armed;
};

// Everything a method may touch; made in main, passed by reference, never global.
struct World {
  fleet::Fleet& fleet;
  runbooks::Console& console;
  runbooks::Gate& gate;
  Operator who;
  Settings settings;
  std::filesystem::path
      shipped;                 // folder that holds migrations/ and runbooks/ (source tree or share/tenantsh)
  std::filesystem::path home;  // TENANTSH_HOME
  // Called at every durable moment of a run (runbooks/engine/journal.hpp); set by a crash test only.
  runbooks::Boundary boundary = {};
  // What master says it is, asked once (scripting/guard.hpp).
  std::optional<fleet::Guard> recognised = {};
  std::stop_source interrupt;  // requested by Ctrl-C; renewed by the shell for each entry
  // While held, Ctrl-C waits: a run is past its point of no return. Empty: nothing to hold.
  std::function<void(bool)> hold_interrupts = {};
  // A prompt of the person's own in the middle of something, until they leave it; empty: there is no
  // terminal.
  std::function<void(std::string const& place)> prompt = {};
  runbooks::Notifier notifier = {};
  // Renders a value now: show() and all but the last value of an entry. Empty: Console::say of its plain
  // text.
  std::function<void(Answer const&)> show;
  // Writes a result in one of the shell's formats ("csv", "json", …): result:csv(), result:save().
  std::function<void(fleet::CopySink&, fleet::Result const&, std::string_view format)> render;
  // How rows become text of such a format as they come; nullptr for one that must see them all first.
  std::function<std::shared_ptr<fleet::RowFormat const>(std::string_view format)> row_format;
  // Set for one call of a method that streams (Method::streams).
  std::optional<Printing> printing = {};
  lua_State* lua = nullptr;  // the interpreter's, set by it: for the methods that load runbooks
};

}  // namespace scripting
