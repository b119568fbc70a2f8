#include "fleet/tenant.hpp"

#include <doctest/doctest.h>

#include "fleet/error.hpp"

namespace {

template <typename Function>
std::string refusal(Function const& function) {
  try {
    function();
    return "";
  } catch (fleet::Error const& error) {
    return std::string(to_string(error.kind)) + ": " + error.message;
  }
}

}  // namespace

TEST_CASE("check_slug") {
  std::string shown;
  for (std::string const slug :
       {"a", "acme", "acme-2-restore", "", "Acme", "1st", "-a", "a_b", "a b", "a\nb", "caf\xc3\xa9"})
    shown += refusal([&] { fleet::check_slug(slug); }) + "\n";
  shown += refusal([] { fleet::check_slug(std::string(38, 'a')); }) + "\n";
  shown += refusal([] { fleet::check_slug(std::string(39, 'a')); }) + "\n";
  CHECK(shown == R"(


usage: "" is not a tenant slug: it is empty
usage: "Acme" is not a tenant slug: it does not start with a letter a-z
usage: "1st" is not a tenant slug: it does not start with a letter a-z
usage: "-a" is not a tenant slug: it does not start with a letter a-z
usage: "a_b" is not a tenant slug: it holds "_"
usage: "a b" is not a tenant slug: it holds a character other than a-z, 0-9 and -
usage: "a\x0ab" is not a tenant slug: it holds a character other than a-z, 0-9 and -
usage: "café" is not a tenant slug: it holds a character other than a-z, 0-9 and -

usage: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not a tenant slug: it has 39 characters
)");
}

TEST_CASE("parse_tenant_status and parse_placement") {
  for (std::string const word : {"provisioning", "active", "read_only", "suspended", "retired"})
    CHECK(fleet::to_string(fleet::parse_tenant_status(word)) == word);
  CHECK(refusal([] { fleet::parse_tenant_status("Active"); }) ==
        "usage: no tenant status \"Active\"; there are provisioning, active, read_only, suspended, retired");
  CHECK(fleet::to_string(fleet::parse_placement("schema")) == "schema");
  CHECK(fleet::to_string(fleet::parse_placement("database")) == "database");
  CHECK(refusal([] { fleet::parse_placement("db"); }) ==
        "usage: no placement \"db\"; there are database, schema");
}
