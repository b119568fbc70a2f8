#include "fleet/structure_difference.hpp"

#include <algorithm>
#include <set>

#include "fleet/selection.hpp"

namespace fleet {
namespace {

using What = StructureDifference::What;

// What an object is recognised by when only that fits in a line.
std::string text_of(StructureObject const& object) {
  for (char const* property : {"definition", "type", "values", "columns", "attributes", "version"})
    if (auto const found = object.properties.find(property); found != object.properties.end())
      return found->second;
  return "";
}

// Names from "a, "b, c", d".
std::vector<std::string> names_in(std::string const& list) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '"') quoted = !quoted;
    if (list[i] == ',' && !quoted) {
      names.emplace_back();
      ++i;  // the blank
    } else {
      names.back() += list[i];
    }
  }
  return names;
}

// Columns that only one side has are findings of their own and do not count as another order.
bool same_order(std::string const& a, std::string const& b) {
  std::vector<std::string> const left = names_in(a), right = names_in(b);
  auto common = [](std::vector<std::string> const& names, std::vector<std::string> const& others) {
    std::set<std::string> const known(others.begin(), others.end());
    std::vector<std::string> kept;
    for (std::string const& name : names)
      if (known.count(name) > 0) kept.push_back(name);
    return kept;
  };
  return common(left, right) == common(right, left);
}

bool is_table(std::string const& kind) { return kind == "table" || kind == "foreign table"; }

void compare(StructureObject const& a, StructureObject const& b, std::vector<StructureDifference>& found) {
  auto add = [&](std::string const& property, What what, std::string left, std::string right) {
    found.push_back({a.kind, a.name, property, what, std::move(left), std::move(right)});
  };
  for (auto const& [property, text] : a.properties) {
    auto const other = b.properties.find(property);
    if (other == b.properties.end()) {
      add(property, What::missing, text, "");
    } else if (other->second != text) {
      if (is_table(a.kind) && property == "columns") {
        if (!same_order(text, other->second)) add("order of columns", What::different, text, other->second);
      } else {
        add(property, What::different, text, other->second);
      }
    }
  }
  for (auto const& [property, text] : b.properties)
    if (a.properties.count(property) == 0) add(property, What::extra, "", text);
}

std::set<std::string> labels(Structure const& structure) {
  std::set<std::string> all;
  for (StructureObject const& object : structure.objects) all.insert(object.label());
  return all;
}

}  // namespace

std::string_view to_string(What what) {
  switch (what) {
    case What::missing: return "missing";
    case What::extra: return "extra";
    case What::different: return "different";
  }
  return "?";
}

std::vector<StructureDifference> difference(Structure const& a, Structure const& b) {
  std::vector<StructureDifference> found;
  std::set<std::string> const in_a = labels(a), in_b = labels(b);
  // What a thing is a part of tells for its parts.
  auto told = [](StructureObject const& object, std::set<std::string> const& here,
                 std::set<std::string> const& there) {
    return here.count(object.within) > 0 && there.count(object.within) == 0;
  };
  for (StructureObject const& object : a.objects) {
    if (StructureObject const* other = b.find(object.kind, object.name))
      compare(object, *other, found);
    else if (!told(object, in_a, in_b))
      found.push_back({object.kind, object.name, "", What::missing, text_of(object), ""});
  }
  for (StructureObject const& object : b.objects)
    if (!a.find(object.kind, object.name) && !told(object, in_b, in_a))
      found.push_back({object.kind, object.name, "", What::extra, "", text_of(object)});
  std::stable_sort(found.begin(), found.end(),
                   [](StructureDifference const& left, StructureDifference const& right) {
                     return std::pair{left.kind, left.object} < std::pair{right.kind, right.object};
                   });
  return found;
}

std::string describe(StructureDifference const& found) {
  std::string text = found.label();
  std::string const& only = found.what == What::missing ? found.a : found.b;
  if (found.property.empty()) {
    text += " is " + std::string{to_string(found.what)};
    if (!only.empty()) text += ": " + only;
    return text;
  }
  auto side = [](std::string const& value) { return value.empty() ? std::string{"(none)"} : value; };
  return text + ": " + found.property + " is " + side(found.b) + ", not " + side(found.a);
}

std::vector<StructureDifference> without(std::vector<StructureDifference> found,
                                         std::vector<std::string> const& ignore) {
  std::erase_if(found, [&](StructureDifference const& one) {
    std::string const label = one.label(), full = label + ": " + one.property;
    return std::any_of(ignore.begin(), ignore.end(), [&](std::string const& glob) {
      return matches_glob(glob, label) || (!one.property.empty() && matches_glob(glob, full));
    });
  });
  return found;
}

}  // namespace fleet
