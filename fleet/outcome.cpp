#include <map>
#include <utility>

#include "fleet/fleet.hpp"
#include "fleet/shape.hpp"

namespace fleet {

Merged merge(std::vector<Outcome> outcomes) {
  Merged merged;
  // The shape that most tenants have; among equals that of the first tenant.
  std::map<Shape, int> votes;
  Shape expected;
  int most = 0;
  for (Outcome const& outcome : outcomes)
    if (outcome.result && !outcome.result->columns().empty()) ++votes[shape_of(outcome.result->columns())];
  for (Outcome const& outcome : outcomes) {
    if (!outcome.result || outcome.result->columns().empty()) continue;
    Shape shape = shape_of(outcome.result->columns());
    if (votes[shape] > most) {
      most = votes[shape];
      expected = std::move(shape);
    }
  }

  merged.rows = Result{merged_columns(expected)};
  for (Outcome& outcome : outcomes) {
    if (outcome.error) {
      merged.failures.push_back(std::move(*outcome.error));
      continue;
    }
    if (!outcome.result || outcome.result->columns().empty()) continue;
    Result const& rows = *outcome.result;
    if (shape_of(rows.columns()) != expected) {
      merged.failures.push_back(differing(outcome.tenant, shape_of(rows.columns()), expected));
      continue;
    }
    merged.rows.affected += rows.affected;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      merged.rows.append(outcome.tenant.slug);
      for (std::size_t column = 0; column < rows.columns().size(); ++column)
        merged.rows.append(rows.at(row, column));
    }
    outcome.result.reset();  // one copy in memory at a time
  }
  merged.rows.command = "SELECT " + std::to_string(merged.rows.rows());
  return merged;
}

}  // namespace fleet
