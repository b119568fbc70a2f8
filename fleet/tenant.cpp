#include "fleet/tenant.hpp"

#include <fmt/format.h>

#include <array>

#include "fleet/error.hpp"

namespace fleet {
namespace {

constexpr std::array<TenantStatus, 5> statuses{TenantStatus::provisioning, TenantStatus::active,
                                               TenantStatus::read_only, TenantStatus::suspended,
                                               TenantStatus::retired};
constexpr std::size_t longest_slug = 38;

bool is_letter(char byte) { return byte >= 'a' && byte <= 'z'; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

}  // namespace

std::string_view to_string(TenantStatus status) {
  switch (status) {
    case TenantStatus::provisioning: return "provisioning";
    case TenantStatus::active: return "active";
    case TenantStatus::read_only: return "read_only";
    case TenantStatus::suspended: return "suspended";
    case TenantStatus::retired: return "retired";
  }
  return "retired";
}

TenantStatus parse_tenant_status(std::string_view text) {
  for (auto status : statuses)
    if (to_string(status) == text) return status;
  throw Error(
      ErrorKind::usage,
      fmt::format("no tenant status {}; there are provisioning, active, read_only, suspended, retired",
                  in_quotes(text)));
}

std::string_view to_string(Placement placement) {
  return placement == Placement::schema ? "schema" : "database";
}

Placement parse_placement(std::string_view text) {
  if (text == "database") return Placement::database;
  if (text == "schema") return Placement::schema;
  throw Error(ErrorKind::usage, fmt::format("no placement {}; there are database, schema", in_quotes(text)));
}

void check_slug(std::string_view slug) {
  auto const refuse = [&](std::string const& reason) {
    throw Error(ErrorKind::usage, fmt::format("{} is not a tenant slug: {}", in_quotes(slug), reason))
        .with_hint("a slug is a-z, 0-9 and -, starts with a letter and has at most 38 characters");
  };
  if (slug.empty()) refuse("it is empty");
  if (!is_letter(slug[0])) refuse("it does not start with a letter a-z");
  for (auto byte : slug)
    if (!is_letter(byte) && !is_digit(byte) && byte != '-')
      refuse(static_cast<unsigned char>(byte) > ' ' && static_cast<unsigned char>(byte) < 0x7F
                 ? fmt::format("it holds \"{}\"", byte)
                 : "it holds a character other than a-z, 0-9 and -");
  if (slug.size() > longest_slug) refuse(fmt::format("it has {} characters", slug.size()));
}

}  // namespace fleet
