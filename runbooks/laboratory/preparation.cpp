// What has to be there before a runbook can be tortured.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runbooks/laboratory/experiment.hpp"

namespace runbooks {

namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

Words running(std::string const& runbook, Words const& inputs) {
  Words words{"run", runbook};
  for (std::string const& input : inputs) words.insert(words.end(), {"--input", input});
  words.emplace_back("--yes");
  return words;
}

// "acme,birch" names tenants; "all" or "region=eastus2" chooses among those there are.
Words tenants_named(std::string const& text) {
  Words slugs;
  std::istringstream in{text};
  for (std::string slug; std::getline(in, slug, ',');) slugs.push_back(slug);
  bool const names = !slugs.empty() && text != "all" && text.find('=') == std::string::npos;
  return names ? slugs : Words{"acme", "birch"};
}

}  // namespace

std::vector<Words> preparation(Subject const& subject, std::map<std::string, std::string> const& declared) {
  std::string const name = std::filesystem::path{subject.runbook}.stem().string();
  std::vector<Words> lines;
  if (name != "master_init") {
    lines.push_back(running("master_init", {}));
    if (name != "register_server") lines.push_back(running("register_server", {"name=pg-2"}));
  }
  Words tenants;
  for (auto const& [input, type] : declared) {
    auto const given = subject.inputs.find(input);
    if (type == "tenant" && given != subject.inputs.end()) tenants.push_back(given->second);
    if (type == "selection")
      for (std::string const& slug : tenants_named(given == subject.inputs.end() ? "all" : given->second))
        tenants.push_back(slug);
  }
  std::sort(tenants.begin(), tenants.end());
  tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
  for (std::string const& slug : tenants) lines.push_back(running("provision_tenant", {"slug=" + slug}));
  for (std::string const& line : subject.prepare) {
    std::istringstream in{line};
    std::string runbook;
    in >> runbook;
    Words inputs;
    for (std::string word; in >> word;) inputs.push_back(word);
    lines.push_back(running(runbook, inputs));
  }
  return lines;
}

std::map<std::string, std::string> Experiment::declared_inputs() const {
  auto const shown = fleet::run(
      Patient::command({.program = subject_.program, .home = bench_.home(), .faults = {}, .stop = {}},
                       {"runbooks", "show", subject_.runbook, "--format", "json"}));
  if (shown.exit_code != 0) throw refusal(shown.exit_code, shown.errors);
  std::map<std::string, std::string> declared;
  for (Json const& row : Json::parse(shown.output))
    if (row.value("part", "") == "input") declared[row.value("name", "")] = row.value("type", "");
  return declared;
}

void Experiment::prepare() {
  bench_.raise();
  for (Words const& line : preparation(subject_, declared_inputs())) {
    Ended const ended = run_to_end(line);
    if (ended.stuck || ended.code != 0) {
      fleet::Error error = refusal(ended.code, ended.output);
      error.message = fmt::format("preparing with `tenantsh {}`: {}", fmt::join(line, " "), error.message);
      throw error;
    }
  }
  bench_.keep();
}

// What a tenantsh that did not do it said on its way out.
fleet::Error Experiment::refusal(int code, std::string const& output) {
  constexpr std::string_view sign = "tenantsh: ";
  fleet::ErrorKind const kind = code == 2 ? fleet::ErrorKind::usage : fleet::ErrorKind::failed;
  auto const at = output.rfind(sign);
  if (at == std::string::npos) return {kind, fmt::format("it ended with exit {}", code)};
  std::string const said = output.substr(at + sign.size());
  fleet::Error error{kind, said.substr(0, said.find('\n'))};
  if (auto const more = said.find('\n'); more != std::string::npos) error.detail = said.substr(more + 1);
  while (error.detail.ends_with('\n')) error.detail.pop_back();
  return error;
}

}  // namespace runbooks
