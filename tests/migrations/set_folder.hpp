#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/session.hpp"
#include "migrations/engine/migration_set.hpp"

namespace tests {

// Digests without the database module: FNV-1a, as hex.
class DigestDriver final : public fleet::Driver {
 public:
  std::unique_ptr<fleet::Session> connect(fleet::Endpoint const&, fleet::Secrets&,
                                          fleet::ConnectOptions const&) override {
    throw fleet::Error{fleet::ErrorKind::refused, "loading a set must not connect"};
  }
  std::string sha256(std::string_view bytes) const override {
    std::uint64_t hash = 14695981039346656037ULL;
    for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return std::to_string(hash);
  }
  std::string sha256_file(std::string const&) const override { return {}; }
  std::string random_token(std::size_t) const override { return {}; }
  std::map<std::string, std::string> parse_dsn(std::string const&) const override { return {}; }
  std::map<std::string, std::string> environment_keywords() const override { return {}; }
};

// A folder of migration files that is gone at the end of the test.
class SetFolder {
 public:
  SetFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "migration-set-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw fleet::Error{fleet::ErrorKind::io, "no temporary folder: " + pattern};
    path_ = pattern;
  }
  ~SetFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  SetFolder(SetFolder const&) = delete;
  SetFolder& operator=(SetFolder const&) = delete;

  SetFolder& write(std::string const& name, std::string_view sql) {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream{path_ / name, std::ios::binary} << sql;
    return *this;
  }
  void remove(std::string const& name) { std::filesystem::remove(path_ / name); }
  std::filesystem::path const& path() const { return path_; }

  migrations::MigrationSet load(migrations::Scope scope = migrations::Scope::tenant) const {
    return migrations::MigrationSet::load(path_, scope, DigestDriver{});
  }
  migrations::MigrationSet load(fleet::Driver const& driver,
                                migrations::Scope scope = migrations::Scope::tenant) const {
    return migrations::MigrationSet::load(path_, scope, driver);
  }

 private:
  std::filesystem::path path_;
};

inline std::string listed(std::vector<std::string> const& items) {
  std::string text;
  for (std::string const& item : items) text += (text.empty() ? "" : " ") + item;
  return text;
}

// "kind: message | hint", one a line.
inline std::string listed(std::vector<migrations::Problem> const& problems) {
  std::string text;
  for (migrations::Problem const& problem : problems)
    text += std::string{to_string(problem.kind)} + ": " + problem.message + " | " + problem.hint + "\n";
  return text;
}

inline std::string names(migrations::MigrationSet const& set) {
  std::vector<std::string> found;
  for (migrations::Migration const& file : set.files()) found.push_back(file.name);
  return listed(found);
}

}  // namespace tests
