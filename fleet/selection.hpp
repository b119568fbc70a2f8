#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/tenant.hpp"

namespace fleet {

// Which tenants are meant; nothing asked yet. Parsed from the one spelling used everywhere:
// `all` | slug[,slug] | glob (`ac*`) | key=value[,key=value] | @file (one slug a line, # comments).
// A list of slugs may be followed by conditions. Keys: slug, status, server, region, placement, database,
// label.NAME; a value may be a glob, an empty one means that the tenant has none.
class Selection {
 public:
  static Selection all() { return {}; }
  static Selection parse(
      std::string_view text);  // Error{usage}; reads @file, relative to the working directory
  static Selection of_slugs(std::vector<std::string> slugs);
  // Narrows by one more condition; Error{usage} lists the keys for an unknown one.
  Selection where(std::string const& key, std::string const& value) const;

  // How the operator wrote it: "region=eastus2".
  std::string const& text() const { return text_; }
  bool names_status() const;
  // Whether restored siblings (label sibling_of) are meant: chosen by slug, status or label, or by a pattern
  // that has "-restore" in it.
  bool names_siblings() const;

 private:
  friend struct Chosen choose(std::vector<Tenant> const&, Selection const&);
  struct Condition {
    std::string key, value;
  };
  std::string text_ = "all";
  std::vector<Condition> conditions_;  // all of them hold
  std::vector<std::string> slugs_;     // explicit list; each must exist
  bool explicit_slugs_ = false;
};

struct Chosen {
  std::vector<Tenant> tenants;  // ordered by slug
  // Status, or "restored" for siblings → how many were not asked because of it.
  std::map<std::string, int> left_out;
};

// Active and read_only tenants that are no restored siblings, unless the selection names a status, the very
// slugs, or siblings.
// Error{not_found} names slugs that do not exist, with the nearest known one.
Chosen choose(std::vector<Tenant> const& known, Selection const& selection);

// `*` and `?`; everything else literal.
bool matches_glob(std::string_view pattern, std::string_view text);
// The closest of `known` to `word`, letter case aside; "" when more than a third of the letters would have to
// change. For "did you mean".
std::string nearest(std::string_view word, std::vector<std::string> const& known);

}  // namespace fleet
