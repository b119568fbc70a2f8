#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// toml++ 3.3 asserts where it should refuse ("[!", "1979-05-27T"): an assertion becomes an exception, in
// every kind of build. Where it asserts inside noexcept, the process ends as it would have.
#undef NDEBUG
#define TOML_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : throw std::logic_error("toml++ met what it does not expect"))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wterminate"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include "fleet/error.hpp"

namespace fleet {

// Error{config}: "FILE: what", "FILE:LINE: what".
Error toml_fault(std::filesystem::path const& path, std::string const& message);
Error toml_fault(std::filesystem::path const& path, toml::source_region const& place,
                 std::string const& message);
// "; did you mean "guard"?", empty when nothing known is near.
std::string suggestion(std::string_view word, std::vector<std::string> const& known);

// One table of tenantsh.toml: takes what it has and checks it. Every Error{config} names file, line, key and
// table. Path and table must outlive it.
class TomlTable {
 public:
  // `name` as in the file: "environment.prod"; empty for the top. An unknown key is an error; no `known`:
  // any.
  TomlTable(std::filesystem::path const& path, std::string name, toml::table const& table,
            std::vector<std::string> const& known);

  // Lays the text of `key` over `target`; false when the file does not have it.
  bool take(std::string_view key, std::string& target) const;
  bool take(std::string_view key, int& target, int least, int most) const;
  // A list of texts.
  bool take(std::string_view key, std::vector<std::string>& target) const;
  // Text that is one of `known`; a list of such texts.
  bool take_word(std::string_view key, std::string& target, std::vector<std::string> const& known) const;
  bool take_words(std::string_view key, std::vector<std::string>& target,
                  std::vector<std::string> const& known) const;
  void take_dsn(std::string_view key, std::string& target) const;
  // A reference to a secret; the path of file: becomes a full one.
  void take_secret(std::string_view key, std::string& target) const;

  // The table below, nullptr when there is none.
  toml::table const* below(std::string_view key) const;

  Error wrong(std::string_view key, std::string const& what) const;

 private:
  std::string text_of(std::string_view key, toml::node const& node) const;
  void check_word(std::string_view key, std::string const& word, std::vector<std::string> const& known) const;
  std::string in_table() const { return name_.empty() ? "" : " in [" + name_ + "]"; }

  std::filesystem::path const& path_;
  std::string name_;
  toml::table const& table_;
};

}  // namespace fleet
