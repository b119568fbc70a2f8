#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/live/fresh_database.hpp"

namespace tests {

inline std::string text_of(std::filesystem::path const& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// Applies the shipped tenant set as the admin and fills it with `members` made-up people.
inline void fill_with_shipped_tenant(FreshDatabase const& database, int members) {
  namespace fs = std::filesystem;
  fs::path const root{TENANTSH_SOURCE};
  std::vector<fs::path> files;
  for (auto const& entry : fs::directory_iterator{root / "migrations/tenant"})
    if (entry.path().extension() == ".sql") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  auto const session = database.connect("fill");
  for (fs::path const& file : files) session->script(text_of(file));
  session->begin(fleet::Access::read_write);
  session->query("set local tenantsh.members = '" + std::to_string(members) + "'");
  session->query("set local tenantsh.seed = 'acme'");
  session->script(text_of(root / "migrations/seeds/tenant_sample.sql"));
  session->commit();
}

}  // namespace tests
