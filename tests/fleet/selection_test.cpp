#include "fleet/selection.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fleet/error.hpp"

namespace {

using fleet::Selection;
using fleet::TenantStatus;

fleet::Tenant tenant(std::string slug, TenantStatus status, std::string region,
                     std::map<std::string, std::string> labels = {}) {
  fleet::Tenant made;
  made.slug = slug;
  made.status = status;
  made.region = region;
  made.server = region == "eastus2" ? "pg-1" : "pg-2";
  made.database_name = "tenant_" + slug;
  made.placement = slug == "shared" ? fleet::Placement::schema : fleet::Placement::database;
  made.labels = std::move(labels);
  return made;
}

std::vector<fleet::Tenant> const known{
    tenant("zeta", TenantStatus::active, "westeurope", {{"tier", "gold"}}),
    tenant("acme", TenantStatus::active, "eastus2", {{"tier", "gold"}, {"note", "café"}}),
    tenant("acorn", TenantStatus::read_only, "eastus2", {{"tier", "silver"}}),
    tenant("beta", TenantStatus::suspended, "eastus2"),
    tenant("gone", TenantStatus::retired, "eastus2"),
    tenant("new", TenantStatus::provisioning, "westeurope"),
    tenant("shared", TenantStatus::active, "westeurope"),
};

// "text: slugs | status count …", or the error.
template <typename Function>
std::string shown(Function const& function) {
  try {
    Selection const selection = function();
    auto const chosen = fleet::choose(known, selection);
    std::string line = selection.text() + ":";
    for (auto const& one : chosen.tenants) line += " " + one.slug;
    for (auto const& [status, count] : chosen.left_out) line += " | " + status + " " + std::to_string(count);
    return line;
  } catch (fleet::Error const& error) {
    return std::string(to_string(error.kind)) + ": " + error.message +
           (error.hint.empty() ? "" : " [" + error.hint + "]");
  }
}

std::string chosen(std::string_view text) {
  return shown([&] { return Selection::parse(text); });
}

}  // namespace

TEST_CASE("Selection::parse and choose") {
  std::string lines;
  for (auto const* text : {"all",
                           " all ",
                           "acme",
                           "gone",
                           "acme,zeta",
                           "zeta, acme, acme",
                           "ac*",
                           "*",
                           "?e*",
                           "status=active",
                           "status=*",
                           "status=re*",
                           "region=eastus2",
                           "region=east*,label.tier=gold",
                           "label.tier=",
                           "label.note=caf?",
                           "label.tier=*o*",
                           "server=pg-2",
                           "placement=schema",
                           "database=tenant_ac*",
                           "slug=gone",
                           "acme,beta,region=eastus2",
                           "acme,zeta,region=eastus2",
                           "all,region=eastus2",
                           "nothing*",
                           "slug=acme,slug=zeta"})
    lines += chosen(text) + "\n";
  CHECK(lines == R"(all: acme acorn shared zeta | provisioning 1 | retired 1 | suspended 1
all: acme acorn shared zeta | provisioning 1 | retired 1 | suspended 1
acme: acme
gone: gone
acme,zeta: acme zeta
zeta, acme, acme: acme zeta
ac*: acme acorn
*: acme acorn shared zeta | provisioning 1 | retired 1 | suspended 1
?e*: zeta | provisioning 1 | suspended 1
status=active: acme shared zeta
status=*: acme acorn beta gone new shared zeta
status=re*: acorn gone
region=eastus2: acme acorn | retired 1 | suspended 1
region=east*,label.tier=gold: acme
label.tier=: shared | provisioning 1 | retired 1 | suspended 1
label.note=caf?: acme
label.tier=*o*: acme zeta
server=pg-2: shared zeta | provisioning 1
placement=schema: shared
database=tenant_ac*: acme acorn
slug=gone: gone
acme,beta,region=eastus2: acme beta
acme,zeta,region=eastus2: acme
all,region=eastus2: acme acorn | retired 1 | suspended 1
nothing*:
slug=acme,slug=zeta:
)");
}

TEST_CASE("restored siblings are chosen by name, status or label only") {
  std::vector<fleet::Tenant> tenants = known;
  tenants.push_back(tenant("acme-restore-20260427t1500z", TenantStatus::read_only, "eastus2",
                           {{"sibling_of", "acme"}, {"tier", "gold"}}));
  tenants.push_back(tenant("zeta-restore-20260427t1500z", TenantStatus::provisioning, "westeurope",
                           {{"sibling_of", "zeta"}}));
  std::string lines;
  for (auto const* text :
       {"all", "ac*", "region=eastus2", "acme-restore-*", "acme-restore-20260427t1500z", "status=read_only",
        "status=provisioning", "label.sibling_of=acme", "label.sibling_of=*?,status=*", "label.tier=gold"}) {
    auto const chosen = fleet::choose(tenants, Selection::parse(text));
    lines += std::string{text} + ":";
    for (auto const& one : chosen.tenants) lines += " " + one.slug;
    for (auto const& [why, count] : chosen.left_out) lines += " | " + why + " " + std::to_string(count);
    lines += "\n";
  }
  CHECK(lines == R"(all: acme acorn shared zeta | provisioning 1 | restored 2 | retired 1 | suspended 1
ac*: acme acorn | restored 1
region=eastus2: acme acorn | restored 1 | retired 1 | suspended 1
acme-restore-*: acme-restore-20260427t1500z
acme-restore-20260427t1500z: acme-restore-20260427t1500z
status=read_only: acme-restore-20260427t1500z acorn
status=provisioning: new zeta-restore-20260427t1500z
label.sibling_of=acme: acme-restore-20260427t1500z
label.sibling_of=*?,status=*: acme-restore-20260427t1500z zeta-restore-20260427t1500z
label.tier=gold: acme acme-restore-20260427t1500z zeta
)");
}

TEST_CASE("Selection::parse refuses") {
  std::string lines;
  for (auto const* text :
       {"", "  ", "acmee", "acmee,zeto,acme", "Acme", "acme,,zeta", "acme,", "ac*,be*", "regoin=eastus2",
        "label.=x", "colour=red", "status=activ", "placement=db", "slug=", "@", "@/nonexistent/slugs", "@/"})
    lines += chosen(text) + "\n";
  CHECK(lines == R"(usage: no tenants chosen [all, a slug, a glob (ac*), key=value[,key=value] or @file]
usage: no tenants chosen [all, a slug, a glob (ac*), key=value[,key=value] or @file]
not_found: no tenant "acmee" (did you mean "acme"?)
not_found: no tenants "acmee" (did you mean "acme"?), "zeto" (did you mean "zeta"?)
usage: "Acme" is not a tenant slug: it does not start with a letter a-z [a slug is a-z, 0-9 and -, starts with a letter and has at most 38 characters]
usage: nothing between the commas of "acme,,zeta"
usage: nothing between the commas of "acme,"
usage: "ac*": a glob stands alone, not in a list
usage: tenants are not chosen by "regoin"; did you mean "region"? [keys: slug, status, server, region, placement, database, label.NAME]
usage: tenants are not chosen by "label." [keys: slug, status, server, region, placement, database, label.NAME]
usage: tenants are not chosen by "colour" [keys: slug, status, server, region, placement, database, label.NAME]
usage: no tenant status "activ"; there are provisioning, active, read_only, suspended, retired
usage: no placement "db"; there are database, schema
usage: "" is not a tenant slug: it is empty [a slug is a-z, 0-9 and -, starts with a letter and has at most 38 characters]
usage: @ needs the name of a file of slugs
not_found: cannot read the file of slugs /nonexistent/slugs
usage: @/ is a folder, not a file of slugs
)");
}

TEST_CASE("Selection::where narrows") {
  auto const east = Selection::all().where("region", "eastus2");
  CHECK(shown([&] { return east.where("status", "*").where("label.tier", "*"); }) ==
        "region=eastus2,status=*,label.tier=*: acme acorn beta gone");
  CHECK(shown([&] { return east.where("slug", "acme"); }) == "region=eastus2,slug=acme: acme");
  CHECK(shown([&] { return east.where("region", "west*"); }) == "region=eastus2,region=west*:");
  CHECK(shown([] {
          return Selection::of_slugs({"zeta", "beta"}).where("region", "e*");
        }) == "zeta,beta,region=e*: beta");
  CHECK(shown([] { return Selection::of_slugs({}); }) == ":");
  CHECK(east.names_status() == false);
  CHECK(east.where("status", "active").names_status());
}

TEST_CASE("Selection of a file") {
  auto const path = std::filesystem::temp_directory_path() /
                    ("tenantsh-selection-" + std::to_string(reinterpret_cast<std::uintptr_t>(&known)));
  auto const with = [&](std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
    auto line = chosen("@" + path.string());
    for (auto at = line.find(path.string()); at != line.npos; at = line.find(path.string()))
      line.replace(at, path.string().size(), "FILE");
    return line;
  };
  CHECK(with("\xEF\xBB\xBF# wave 1\r\n\r\nzeta\r\n  gone # kept\r\nacme") == "@FILE: acme gone zeta");
  CHECK(with("acme\n\nBeta\n").substr(0, 43) == "usage: FILE:3: \"Beta\" is not a tenant slug:");
  CHECK(with("# nothing\n") == "usage: FILE names no tenant");
  CHECK(with("acme\nacne\n") == "not_found: no tenant \"acne\" (did you mean \"acme\"?)");
  std::filesystem::remove(path);
}

TEST_CASE("matches_glob") {
  CHECK(fleet::matches_glob("", ""));
  CHECK(fleet::matches_glob("**", ""));
  CHECK(fleet::matches_glob("a*b*c", "aXbbXc"));
  CHECK(fleet::matches_glob("a.c", "a.c"));
  CHECK_FALSE(fleet::matches_glob("a.c", "abc"));
  CHECK_FALSE(fleet::matches_glob("a*b", "abc"));
  CHECK_FALSE(fleet::matches_glob("?", ""));
  CHECK_FALSE(fleet::matches_glob("", "a"));
  // Linear in practice: a naive matcher needs 2^30 steps here.
  CHECK_FALSE(fleet::matches_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", std::string(2000, 'a')));
}

TEST_CASE("nearest") {
  std::vector<std::string> const words{"guard", "colour", "master", "master_secret", "journal"};
  CHECK(fleet::nearest("gaurd", words) == "guard");
  CHECK(fleet::nearest("color", words) == "colour");
  CHECK(fleet::nearest("MASTER", words) == "master");
  CHECK(fleet::nearest("mater_secret", words) == "master_secret");
  CHECK(fleet::nearest("zebra", words).empty());
  CHECK(fleet::nearest("", words).empty());
  CHECK(fleet::nearest("x", {"y"}).empty());
  CHECK(fleet::nearest("guard", {}).empty());
}
