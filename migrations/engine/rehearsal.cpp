#include "migrations/engine/rehearsal.hpp"

#include "fleet/error.hpp"
#include "fleet/structure_difference.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/baseline.hpp"

namespace migrations {

namespace {

constexpr std::size_t most_told = 10;

class Rehearser {
 public:
  Rehearser(fleet::Session& session, MigrationSet const& set, ApplyOptions options)
      : session_(session), set_(set), options_(std::move(options)), before_(read()) {}

  Rehearsal run(Migration const& file) {
    Rehearsal rehearsal{file.name, Rehearsal::Outcome::same, {}};
    try {
      apply(session_, set_, options_, file.version);
      fleet::Structure after = read();
      if (!file.down) {
        rehearsal.outcome = Rehearsal::Outcome::no_way_back;
      } else {
        revert(session_, set_, {}, options_);
        compare("down left ", before_, read(), rehearsal);
        apply(session_, set_, options_, file.version);
        compare("up again gave ", after, read(), rehearsal);
      }
      before_ = std::move(after);
    } catch (fleet::Error const& error) {
      if (error.kind == fleet::ErrorKind::interrupted) throw;
      rehearsal.outcome = Rehearsal::Outcome::failed;
      rehearsal.says.push_back(error.message);
    }
    return rehearsal;
  }

 private:
  fleet::Structure read() const { return fleet::read_structure(session_, {options_.schema_name}); }

  static void compare(std::string const& when, fleet::Structure const& expected,
                      fleet::Structure const& found, Rehearsal& rehearsal) {
    auto const differences = fleet::difference(expected, found);
    if (differences.empty()) return;
    rehearsal.outcome = Rehearsal::Outcome::differs;
    for (std::size_t i = 0; i < differences.size() && i < most_told; ++i)
      rehearsal.says.push_back(when + fleet::describe(differences[i]));
    if (differences.size() > most_told)
      rehearsal.says.push_back(when + std::to_string(differences.size() - most_told) + " more");
  }

  fleet::Session& session_;
  MigrationSet const& set_;
  ApplyOptions options_;
  fleet::Structure before_;
};

}  // namespace

std::string_view to_string(Rehearsal::Outcome outcome) {
  switch (outcome) {
    case Rehearsal::Outcome::same: return "same";
    case Rehearsal::Outcome::no_way_back: return "no way back";
    case Rehearsal::Outcome::differs: return "differs";
    case Rehearsal::Outcome::failed: return "failed";
  }
  return "";
}

std::vector<Rehearsal> rehearse(fleet::Session& session, MigrationSet const& set,
                                std::string const& applied_by, std::stop_token stop) {
  ApplyOptions options;
  options.applied_by = applied_by;
  options.stop = std::move(stop);
  options.schema_name = make_scratch_schema(session, set);
  Rehearser rehearser{session, set, std::move(options)};
  std::vector<Rehearsal> rehearsals;
  for (Migration const& file : set.files()) {
    rehearsals.push_back(rehearser.run(file));
    if (rehearsals.back().outcome == Rehearsal::Outcome::failed) break;
  }
  return rehearsals;
}

}  // namespace migrations
