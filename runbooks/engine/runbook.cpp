#include "runbooks/engine/runbook.hpp"

namespace runbooks {

std::string_view to_string(InputType type) {
  switch (type) {
    case InputType::text: return "text";
    case InputType::number: return "number";
    case InputType::boolean: return "boolean";
    case InputType::enumeration: return "enum";
    case InputType::tenant: return "tenant";
    case InputType::server: return "server";
    case InputType::selection: return "selection";
    case InputType::path: return "path";
    case InputType::interval: return "interval";
    case InputType::secret: return "secret";
  }
  return "text";
}

std::string_view to_string(StepKind kind) {
  switch (kind) {
    case StepKind::tx: return "tx";
    case StepKind::effect: return "effect";
    case StepKind::manual: return "manual";
  }
  return "effect";
}

Step const* Runbook::find(std::string const& path) const {
  for (Step const& step : steps)
    if (step.path == path) return &step;
  return nullptr;
}

}  // namespace runbooks
