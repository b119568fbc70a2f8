#pragma once

#include <map>
#include <string>
#include <vector>

#include "scripting/method.hpp"

// The command line as a tree of words, made from the registry: what completions and the manual are made of.
namespace shell {

struct CommandOption {
  std::string name;  // "--tenants"
  std::string brief;
  bool value = false;  // takes one
};

struct CommandWord {
  std::string brief;
  std::map<std::string, CommandWord> next;
  std::vector<CommandOption> options;
};

// The root: its options are the global ones.
CommandWord command_tree(scripting::Registry const& registry);

// "--env NAME  environment …", one per line, as the help page has them.
std::vector<CommandOption> global_options();

// Up to the end of the first sentence.
std::string first_sentence(std::string const& brief);

}  // namespace shell
