#pragma once

#include <deque>
#include <filesystem>
#include <string>

#include "scripting/interpreter.hpp"
#include "scripting/state.hpp"
#include "tests/support/pretend_driver.hpp"

namespace tests {

// Answers questions from a list; without one nobody is there.
class ScriptedConsole final : public runbooks::Console {
 public:
  std::deque<std::string> answers;
  std::string said;  // what was printed, "? " before what was asked

  bool interactive() const override { return !answers.empty(); }
  void say(std::string_view text) override { said += std::string{text} + "\n"; }
  void note(std::string_view text) override { said += "(" + std::string{text} + ")\n"; }
  std::string ask(runbooks::Question const& question) override;
};

// An interpreter over a fleet that stands in a file: servers pg-1 (eastus2) and pg-2 (westus); tenants acme,
// beta (pg-1), gamma (pg-2, read_only), old (suspended). Every query answers `table`; statements that contain
// "bad" fail with SQLSTATE 42P01.
class Bench {
 public:
  explicit Bench(fleet::Guard guard = fleet::Guard::open);
  ~Bench();

  // The value of one entry: text as it is, rows as CSV, a card as its title, other values as JSON; notes
  // before it in parentheses; an error as "kind: message" with "; hint" when there is one.
  std::string operator()(std::string const& code);
  // The error that `code` ends with.
  fleet::Error error_of(std::string const& code);
  static std::string rendered(scripting::World& world, scripting::Answer const& answer);

  fleet::Result table;
  ScriptedConsole console;
  runbooks::Gate gate;
  scripting::Registry registry;  // with object `drill`: write, destroy (both with describe), look

 private:
  std::filesystem::path folder_;
  PretendDriver driver_;
  fleet::Secrets secrets_;
  fleet::SystemClock clock_;
  fleet::Fleet fleet_;

 public:
  scripting::World world;
  scripting::Interpreter lua;
};

}  // namespace tests
