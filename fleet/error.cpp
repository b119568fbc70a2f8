#include "fleet/error.hpp"

#include <utility>

namespace fleet {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::config: return "config";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::connect: return "connect";
    case ErrorKind::sql: return "sql";
    case ErrorKind::refused: return "refused";
    case ErrorKind::declined: return "declined";
    case ErrorKind::in_doubt: return "in_doubt";
    case ErrorKind::locked: return "locked";
    case ErrorKind::pending: return "pending";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::io: return "io";
    case ErrorKind::tool: return "tool";
    case ErrorKind::failed: return "failed";
  }
  return "failed";
}

Error::Error(ErrorKind error_kind, std::string error_message)
    : kind(error_kind), message(std::move(error_message)) {}

Error Error::with_hint(std::string text) && {
  hint = std::move(text);
  return std::move(*this);
}

Error Error::with_detail(std::string text) && {
  detail = std::move(text);
  return std::move(*this);
}

Error Error::at_server(std::string name) && {
  server = std::move(name);
  return std::move(*this);
}

Error Error::at_tenant(std::string slug) && {
  tenant = std::move(slug);
  return std::move(*this);
}

std::string Error::describe() const {
  std::string text = message;
  if (!sqlstate.empty()) text += " (SQLSTATE " + sqlstate + ")";
  if (!detail.empty()) text += "\n  detail: " + detail;
  if (!hint.empty()) text += "\n  hint: " + hint;
  return text;
}

}  // namespace fleet
