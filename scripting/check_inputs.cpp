// Rules about what a step's functions ask of their run: undeclared-input, unused-input, unknown-step.

#include <fmt/format.h>

#include <algorithm>

#include "scripting/check_script.hpp"
#include "scripting/runbook_values.hpp"

namespace scripting {

namespace {

std::vector<std::string> input_names(Script const& script) {
  std::vector<std::string> names;
  for (DeclaredInput const& input : script.inputs) names.push_back(input.name);
  if (script.loaded)
    for (auto const& input : script.loaded->inputs)
      if (std::find(names.begin(), names.end(), input.name) == names.end()) names.push_back(input.name);
  return names;
}

bool contains(std::vector<std::string> const& names, std::string const& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_reads(Script const& script, std::vector<std::string> const& inputs, Findings& findings) {
  std::vector<std::string> known = inputs;
  for (std::string const& member : run_members()) known.push_back(member);
  for (Node const& node : script.syntax.nodes) {
    if (node.kind != NodeKind::index || node.computed || script.role(node.children[0]) != Role::run) continue;
    if (contains(known, node.text)) continue;
    findings.error(
        node.at, "undeclared-input", fmt::format("run has no \"{}\"", node.text),
        suggestion(node.text, known, "run.",
                   fmt::format("declare it: inputs = {{ {} = input.text {{ help = \"…\" }} }}", node.text)));
  }
}

// run.outputs["path"] of a step that is nowhere.
void check_outputs(Script const& script, Findings& findings) {
  if (!script.loaded) return;
  std::vector<std::string> paths;
  for (auto const& step : script.loaded->steps) paths.push_back(step.path);
  for (Node const& node : script.syntax.nodes) {
    if (node.kind != NodeKind::index || node.computed) continue;
    Node const& outputs = script.syntax[node.children[0]];
    if (outputs.kind != NodeKind::index || outputs.text != "outputs" ||
        script.role(outputs.children[0]) != Role::run || contains(paths, node.text))
      continue;
    findings.error(node.at, "unknown-step", fmt::format("no step has the address \"{}\"", node.text),
                   suggestion(node.text, paths, "", fmt::format("there are: {}", fmt::join(paths, ", "))));
  }
}

void check_unused(Script const& script, Findings& findings) {
  std::vector<std::string> read;
  for (Node const& node : script.syntax.nodes) {
    if (node.kind != NodeKind::index) continue;
    Node const& object = script.syntax[node.children[0]];
    // Of a run, of `given` in an input's own function, or of a parameter of which the text tells nothing.
    bool const counts =
        object.kind == NodeKind::name && object.local != none &&
        (script.role(node.children[0]) == Role::run || script.syntax.local(object.local).parameter != none);
    if (!counts) continue;
    if (node.computed && script.role(node.children[0]) == Role::run) return;  // any of them
    read.push_back(node.text);
  }
  for (DeclaredInput const& input : script.inputs)
    if (!contains(read, input.name))
      findings.warning(
          input.at, "unused-input", fmt::format("nothing reads the input {}", input.name),
          fmt::format("read it as run.{} or take it out: an operator is asked for it", input.name));
}

}  // namespace

void check_inputs(Script const& script, Findings& findings) {
  if (!script.is_runbook) return;
  if (script.inputs_known || script.loaded) check_reads(script, input_names(script), findings);
  check_outputs(script, findings);
  check_unused(script, findings);
}

}  // namespace scripting
