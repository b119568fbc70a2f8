#include "scripting/runbook_include.hpp"

#include <fmt/format.h>

#include <map>

#include "runbooks/engine/console.hpp"
#include "runbooks/engine/inputs.hpp"
#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// An included runbook is asked nothing: its inputs come from the one that includes it, or from its defaults.
class Nobody final : public runbooks::Console {
 public:
  bool interactive() const override { return false; }
  void say(std::string_view) override {}
  void note(std::string_view) override {}
  std::string ask(runbooks::Question const& question) override {
    throw Error{ErrorKind::declined, "an included runbook cannot ask: " + question.text};
  }
};

// What the steps of an included runbook see: its own inputs, made from the run of the outer one, and the
// outputs of its own steps by their own addresses.
class InnerView {
 public:
  InnerView(World& world, std::shared_ptr<runbooks::Runbook const> inner, Body inputs, std::string prefix)
      : world_(world), inner_(std::move(inner)), inputs_(std::move(inputs)), prefix_(std::move(prefix)) {}

  runbooks::RunView operator()(runbooks::RunView const& outer) const {
    runbooks::RunView view = outer;
    view.runbook = inner_->name;
    view.inputs = settled(outer);
    view.outputs.clear();
    for (auto const& [path, outputs] : outer.outputs)
      if (path.starts_with(prefix_)) view.outputs[path.substr(prefix_.size())] = outputs;
    return view;
  }

 private:
  runbooks::Json settled(runbooks::RunView const& outer) const {
    runbooks::Runbook known;
    known.name = inner_->name;
    known.inputs = inner_->inputs;
    std::map<std::string, runbooks::Json> given;
    runbooks::Json unknown = runbooks::Json::object();
    if (inputs_) {
      StackGuard guard{inputs_.lua};
      runbooks::Gate::Scope looking{world_.gate, world_.gate.looking()};
      call_body(inputs_, outer, nullptr, nullptr);
      lua_settop(inputs_.lua, guard.top + 1);
      if (!lua_istable(inputs_.lua, -1))
        throw Error{ErrorKind::usage,
                    fmt::format("{} returned {}, not a table", inputs_.what, type_text(inputs_.lua, -1))};
      for (std::string const& name : keys_of(inputs_.lua, lua_gettop(inputs_.lua))) {
        lua_getfield(inputs_.lua, -1, name.c_str());
        // In a plan, what an outer step is yet to bring about: nothing that could be checked.
        if (test_object<Unknown>(inputs_.lua, -1) != nullptr)
          unknown[name] = display_text(inputs_.lua, -1);
        else
          given[name] = to_json(inputs_.lua, -1);
        lua_pop(inputs_.lua, 1);
      }
    }
    std::erase_if(known.inputs, [&](runbooks::Input const& input) { return unknown.contains(input.name); });
    Nobody nobody;
    runbooks::Json inputs = runbooks::settle_inputs(known, given, world_.fleet, nobody);
    inputs.update(unknown);
    return inputs;
  }

  World& world_;
  std::shared_ptr<runbooks::Runbook const> inner_;
  Body inputs_;
  std::string prefix_;
};

// A step of the inner runbook as a step of the outer one.
runbooks::Step adopted(runbooks::Step step, std::shared_ptr<InnerView const> const& inner,
                       std::string const& prefix) {
  using runbooks::Json;
  using runbooks::RunView;
  step.section = step.section.empty() ? prefix.substr(0, prefix.size() - 1) : prefix + step.section;
  step.path = prefix + step.path;
  if (!step.undone_with.empty()) step.undone_with = prefix + step.undone_with;
  if (step.target) step.target = [inner, f = step.target](RunView const& run) { return f((*inner)(run)); };
  if (step.when) step.when = [inner, f = step.when](RunView const& run) { return f((*inner)(run)); };
  if (step.each) step.each = [inner, f = step.each](RunView const& run) { return f((*inner)(run)); };
  if (step.probe)
    step.probe = [inner, f = step.probe](RunView const& run, fleet::Session* db) {
      return f((*inner)(run), db);
    };
  if (step.pre)
    step.pre = [inner, f = step.pre](RunView const& run, fleet::Session* db) { f((*inner)(run), db); };
  if (step.body)
    step.body = [inner, f = step.body](RunView const& run, fleet::Session* db) {
      return f((*inner)(run), db);
    };
  for (auto* function : {&step.verify, &step.undo, &step.release})
    if (*function)
      *function = [inner, f = *function](RunView const& run, Json const& outputs, fleet::Session* db) {
        f((*inner)(run), outputs, db);
      };
  return step;
}

}  // namespace

Included include_steps(World& world, std::shared_ptr<runbooks::Runbook const> const& inner,
                       Body const& inputs, std::string const& prefix) {
  auto const view = std::make_shared<InnerView const>(world, inner, inputs, prefix);
  Included included;
  for (runbooks::Step const& step : inner->steps) included.steps.push_back(adopted(step, view, prefix));
  if (inner->locks)
    included.locks = [view, locks = inner->locks](runbooks::RunView const& run) {
      return locks((*view)(run));
    };
  return included;
}

}  // namespace scripting
