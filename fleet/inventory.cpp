#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "fleet/error.hpp"
#include "fleet/registry.hpp"
#include "fleet/toml_table.hpp"

namespace fleet {
namespace {

using Json = nlohmann::json;

std::string read_text(std::filesystem::path const& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  if (!(in && text << in.rdbuf()))
    throw Error{ErrorKind::config, "cannot read the inventory file " + file.string()};
  return text.str();
}

// TOML becomes JSON at once: one way for both from there on.
Json parse(std::filesystem::path const& file) {
  std::string const text = read_text(file);
  try {
    if (file.extension() == ".json") return Json::parse(text);
    std::ostringstream json;
    json << toml::json_formatter{toml::parse(text, file.string())};
    return Json::parse(json.str());
  } catch (toml::parse_error const& error) {
    throw Error{ErrorKind::config, file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                                       std::string{error.description()}};
  } catch (Json::exception const& error) {
    throw Error{ErrorKind::config, file.string() + ": not JSON: " + error.what()};
  } catch (std::logic_error const&) {  // see fleet/toml_table.hpp
    throw Error{ErrorKind::config, file.string() + ": not TOML"};
  }
}

}  // namespace

std::vector<ListEntry> read_inventory(std::filesystem::path const& file, ListColumns const& columns) {
  Json const document = parse(file);
  if (!document.is_object() || !document.contains(columns.what) || !document[columns.what].is_array())
    throw Error{ErrorKind::config, file.string() + " has no list \"" + columns.what + "\""};
  std::vector<ListEntry> entries;
  for (Json const& item : document[columns.what]) {
    if (!item.is_object())
      throw Error{ErrorKind::config, file.string() + ": an entry of \"" + columns.what + "\" is no table"};
    ListEntry entry;
    std::vector<std::string> present;
    for (auto const& [name, value] : item.items()) {
      present.push_back(name);
      if (value.is_null()) continue;
      entry[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    check_columns(columns, present, file.string() + ": an entry of \"" + columns.what + "\"");
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace fleet
