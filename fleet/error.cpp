#include "fleet/error.hpp"

#include <fmt/format.h>

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

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown = 60;
  std::string line = "\"";
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const byte = static_cast<unsigned char>(text[at]);
    if (at >= shown && (byte & 0xC0U) != 0x80U) return line + "…\"";
    if (byte < 0x20 || byte == 0x7F) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += text[at];
    }
  }
  return line + "\"";
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
