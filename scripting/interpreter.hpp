#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scripting/method.hpp"
#include "scripting/value.hpp"
#include "scripting/world.hpp"

namespace scripting {

// All objects and methods, in help order. Rows are made by one function per object (scripting/objects.hpp).
Registry make_registry();

// Lua 5.4 (the C++ build) with tenantsh's objects as its only added globals: fleet master servers tenants
// migrations seeds runbooks sql shell, help show confirm ask choose. Unknown globals are errors that suggest
// the nearest one. One thread. Error values keep fleet::Error through pcall and error().
class Interpreter {
 public:
  struct State;  // scripting/state.hpp, for the binding files and the runbook loader

  Interpreter(World& world, Registry const& registry);
  ~Interpreter();
  Interpreter(Interpreter const&) = delete;
  Interpreter& operator=(Interpreter const&) = delete;

  // Compiles as an expression, else as a statement; several values give the last one after showing the others
  // (World::show). Throws fleet::Error (usage for a syntax error, with chunk:line).
  Answer evaluate(std::string_view code, std::string const& chunk_name);
  // True when more lines could complete it (the parser stopped at the end of the text).
  bool incomplete(std::string_view code) const;
  // True when it is no Lua, whatever more lines there were.
  bool malformed(std::string_view code) const;
  // A script file with its arguments (`...` and global `arg`); a first line `#!…` is skipped. What it returns
  // is the answer.
  Answer run_file(std::filesystem::path const& file, std::vector<std::string> const& arguments);
  // Asks the running Lua code to stop: any thread, also inside a signal handler. Nothing when none runs.
  void interrupt() noexcept;
  // What was interrupted is over; what surrounds it is not meant.
  void forget_interrupt() noexcept;

  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace scripting
