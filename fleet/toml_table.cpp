#include "fleet/toml_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/environment.hpp"
#include "fleet/selection.hpp"
#include "fleet/toml_file.hpp"

namespace fleet {
namespace {

using Path = std::filesystem::path;
using Words = std::vector<std::string>;

std::string type_words(toml::node const& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

}  // namespace

Error toml_fault(Path const& path, std::string const& message) {
  return Error(ErrorKind::config, path.string() + ": " + message);
}

Error toml_fault(Path const& path, toml::source_region const& place, std::string const& message) {
  return Error(ErrorKind::config, fmt::format("{}:{}: {}", path.string(), place.begin.line, message));
}

std::string suggestion(std::string_view word, Words const& known) {
  auto const near = nearest(word, known);
  return near.empty() ? "" : "; did you mean \"" + near + "\"?";
}

TomlTable::TomlTable(Path const& path, std::string name, toml::table const& table, Words const& known)
    : path_(path), name_(std::move(name)), table_(table) {
  for (auto const& [key, node] : table_) {
    if (known.empty() || std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    throw toml_fault(path_, key.source(),
                     fmt::format("unknown key {}{}; known: {}{}", in_quotes(key.str()), in_table(),
                                 fmt::join(known, ", "), suggestion(key.str(), known)));
  }
}

std::string TomlTable::text_of(std::string_view key, toml::node const& node) const {
  auto const* const text = node.as_string();
  if (text == nullptr)
    throw wrong(
        key, (&node == table_.get(key) ? "must be text, not " : "must hold texts, not ") + type_words(node));
  auto const breaks = key == "sql" ? std::string_view("\n\r\t") : std::string_view();
  for (auto byte : text->get())
    if ((static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) && breaks.find(byte) == breaks.npos)
      throw wrong(key, "holds a control character");
  return text->get();
}

bool TomlTable::take(std::string_view key, std::string& target) const {
  auto const* const node = table_.get(key);
  if (node == nullptr) return false;
  target = text_of(key, *node);
  return true;
}

bool TomlTable::take(std::string_view key, Words& target) const {
  auto const* const node = table_.get(key);
  if (node == nullptr) return false;
  auto const* const list = node->as_array();
  if (list == nullptr) throw wrong(key, "must be a list of texts, not " + type_words(*node));
  target.clear();
  for (auto const& entry : *list) target.push_back(text_of(key, entry));
  return true;
}

bool TomlTable::take(std::string_view key, int& target, int least, int most) const {
  auto const* const node = table_.get(key);
  if (node == nullptr) return false;
  auto const* const number = node->as_integer();
  if (number == nullptr) throw wrong(key, "must be a whole number, not " + type_words(*node));
  if (number->get() < least || number->get() > most)
    throw wrong(key, fmt::format("is {}, not between {} and {}", number->get(), least, most));
  target = static_cast<int>(number->get());
  return true;
}

void TomlTable::check_word(std::string_view key, std::string const& word, Words const& known) const {
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  throw wrong(key, fmt::format("is {}; known: {}{}", in_quotes(word), fmt::join(known, ", "),
                               suggestion(word, known)));
}

bool TomlTable::take_word(std::string_view key, std::string& target, Words const& known) const {
  if (!take(key, target)) return false;
  check_word(key, target, known);
  return true;
}

bool TomlTable::take_words(std::string_view key, Words& target, Words const& known) const {
  if (!take(key, target)) return false;
  for (auto const& word : target) check_word(key, word, known);
  return true;
}

void TomlTable::take_dsn(std::string_view key, std::string& target) const {
  if (!take(key, target)) return;
  if (target.find_first_not_of(' ') == target.npos) throw wrong(key, "is empty");
  if (holds_password(target))
    throw wrong(key, "holds a password")
        .with_hint("take it out and name it in master_secret, e.g. master_secret = \"env:MASTER_PASSWORD\"");
}

void TomlTable::take_secret(std::string_view key, std::string& target) const {
  if (!take(key, target)) return;
  try {
    auto const file = target.rfind("file:", 0) == 0 && target.size() > 5;
    if (file) target = "file:" + resolved_path(target.substr(5), path_.parent_path()).string();
    target = Secret::parse(target).reference();
  } catch (Error const& error) {
    throw wrong(key, "is wrong: " + error.message).with_hint(error.hint);
  }
}

toml::table const* TomlTable::below(std::string_view key) const {
  auto const* const node = table_.get(key);
  if (node == nullptr) return nullptr;
  if (node->as_table() == nullptr) throw wrong(key, "must be a table, not " + type_words(*node));
  return node->as_table();
}

Error TomlTable::wrong(std::string_view key, std::string const& what) const {
  auto const* const node = table_.get(key);
  return toml_fault(path_, node == nullptr ? table_.source() : node->source(),
                    fmt::format("{}{} {}", key, in_table(), what));
}

}  // namespace fleet
