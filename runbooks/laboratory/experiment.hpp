#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "runbooks/laboratory/cell.hpp"
#include "runbooks/laboratory/patient.hpp"
#include "runbooks/laboratory/story.hpp"
#include "runbooks/laboratory/workbench.hpp"
#include "runbooks/laboratory/world.hpp"

namespace runbooks {

// What is tortured: tenantsh itself and the words of its command line.
struct Subject {
  std::filesystem::path program;
  std::string runbook;                        // a shipped one's name or a file
  std::map<std::string, std::string> inputs;  // of it
  std::string confirm;                        // the name that a grave step wants typed
  std::vector<std::string> prepare;           // "RUNBOOK K=V …", beside what preparation() finds
};

// The command lines that a runbook needs behind it, by what it is and which inputs it declares (name → type):
// a master before anything but master_init, the second server before anything but its registration, a tenant
// for an input that names one, two for one that chooses some.
std::vector<std::vector<std::string>> preparation(Subject const& subject,
                                                  std::map<std::string, std::string> const& declared);

enum class Verdict {
  same,
  same_by_evidence,  // a resume was in doubt (exit 5), a later one found out
  differs,
  stuck,  // no resume brought it to its end
  missed  // the run did not come to this place
};
// "same", "same*", "DIFFERS", "STUCK", "missed".
std::string_view to_string(Verdict verdict);

struct Finding {
  Cell cell;
  Verdict verdict = Verdict::same;
  std::vector<int> exits;                // of the broken run and of each resume
  std::vector<std::string> differences;  // or what the last resume said
};

// One workbench on which a runbook is run undisturbed, then broken again and again, always from the same
// start.
class Experiment {
 public:
  Experiment(Workbench::Parts parts, Subject subject, std::stop_token stop);

  // Prepares the bench, runs undisturbed twice. Returns the places the run comes to. Error{usage} for what
  // the run itself refuses as such, Error{failed} when it does not end.
  std::vector<Place> learn();
  Finding try_cell(Cell const& cell);

 private:
  struct Ended {
    int code = 0;
    std::string output;
    bool stuck = false;
  };
  // Held up until it goes out of scope or let_go().
  class HeldUp;

  // The command line of the run itself, or of a resume when there is an `id`.
  std::vector<std::string> words(std::string const& id) const;
  std::map<std::string, std::string> declared_inputs() const;
  void prepare();
  static fleet::Error refusal(int code, std::string const& output);
  Patient start(std::vector<std::string> const& words, std::string const& faults) const;
  Ended run_to_end(std::vector<std::string> const& words, std::string const& faults = {}) const;
  std::string faults_of(Cell const& cell) const;
  Ended broken_run(Cell const& cell, HeldUp& held_up) const;
  void strike(Fault fault) const;
  void resume_until_over(Finding& finding, Ended ended, HeldUp& held_up) const;
  std::filesystem::path record_file() const { return bench_.root() / "record"; }

  Workbench bench_;
  Subject subject_;
  std::stop_token stop_;
  World world_;
  Noise noise_;
  Story story_;
  int exit_code_ = 0;  // of the undisturbed run: 0, or 4 where a person is wanted
};

}  // namespace runbooks
