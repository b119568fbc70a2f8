#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "fleet/driver.hpp"
#include "fleet/notification.hpp"
#include "fleet/sandbox.hpp"
#include "runbooks/laboratory/fault.hpp"
#include "scripting/interpreter.hpp"
#include "shell/interrupts.hpp"
#include "shell/options.hpp"
#include "shell/reporter.hpp"
#include "shell/waiting_console.hpp"

namespace shell {

// Everything a command works with, each made when it is first asked for: `-e 1` reads the configuration and
// nothing else, `help` not even that.
class Workplace {
 public:
  // `options` must outlive it; `variables`: the PG* ones, taken from the environment before anything else
  // ran.
  Workplace(Options& options, fleet::StrayVariables variables);
  ~Workplace();
  Workplace(Workplace const&) = delete;
  Workplace& operator=(Workplace const&) = delete;

  Options& options() { return options_; }
  Reporter& reporter() { return reporter_; }
  Output& output() { return out_; }
  Interrupts& interrupts();
  runbooks::Console& console();
  scripting::Registry const& registry();
  fleet::Secrets& secrets();
  fleet::Driver& driver();
  fleet::Sandbox& sandbox();
  scripting::World& world();
  scripting::Interpreter& interpreter();

  bool reader_gone() const { return out_.closed(); }

  // Notes about notifications that could not be sent, on the thread that prints.
  void tell_unsent();
  // The last thing a process does: waits a few seconds for notifications that are being sent. Never throws.
  void end_notifications() noexcept;

  // Runs one entry of the operator's so that Ctrl-C stops it, and it alone.
  void entry(std::function<void()> const& work);
  // Entries in the middle of another one, which goes on afterwards as if Ctrl-C had never been pressed.
  void interlude(std::function<void()> const& work);

 private:
  fleet::Configuration const& configuration();
  fleet::Environment chosen_environment();
  runbooks::Notifier notifier(fleet::Notify const& notify);
  void locate_sandbox(fleet::Environment& environment);
  std::shared_ptr<runbooks::Faults> faults();
  runbooks::Boundary boundary();

  Options& options_;
  fleet::StrayVariables variables_;
  Output out_, err_;
  Reporter reporter_;
  // In the order in which they depend on each other: destroyed from the last to the first.
  std::optional<Interrupts> interrupts_;
  std::optional<WaitingConsole> console_;
  std::optional<scripting::Registry> registry_;
  std::optional<fleet::Configuration> configuration_;
  std::unique_ptr<fleet::Secrets> secrets_;
  std::optional<fleet::Notifications> notifications_;
  std::shared_ptr<runbooks::Faults> faults_;  // null in ordinary work
  std::unique_ptr<fleet::Driver> driver_;
  std::optional<fleet::Sandbox> sandbox_;
  fleet::SystemClock clock_;
  runbooks::Gate gate_;
  std::unique_ptr<fleet::Fleet> fleet_;
  std::optional<scripting::World> world_;
  std::unique_ptr<scripting::Interpreter> interpreter_;
};

// The folder of the running program, for what is shipped beside it.
std::filesystem::path program_folder();

}  // namespace shell
