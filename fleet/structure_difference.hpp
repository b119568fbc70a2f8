#pragma once

#include <string>
#include <vector>

#include "fleet/structure.hpp"

namespace fleet {

struct StructureDifference {
  enum class What { missing, extra, different };

  std::string kind;
  std::string object;    // its name
  std::string property;  // empty: the object as a whole
  What what;             // missing: `a` has it and `b` does not; extra: the other way round
  std::string a, b;      // the texts; empty where there is none

  std::string label() const { return kind + " " + object; }
};
// "missing", "extra", "different".
std::string_view to_string(StructureDifference::What what);

// What `b` lacks, has too much or has otherwise than `a`, ordered by kind and name. Of an object that one
// side lacks there is one line, none of its parts. The order of columns is compared over those that both
// have.
std::vector<StructureDifference> difference(Structure const& a, Structure const& b);

// "index members.member_name_idx is missing: CREATE INDEX …",
// "column members.member.name: default is 'x'::text, not now()".
std::string describe(StructureDifference const& found);

// Those that no glob fits: over "kind name", and over "kind name: property".
std::vector<StructureDifference> without(std::vector<StructureDifference> found,
                                         std::vector<std::string> const& ignore);

}  // namespace fleet
