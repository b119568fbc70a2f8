#include "fleet/dsn.hpp"

#include <doctest/doctest.h>

TEST_CASE("dsn_of") {
  CHECK(fleet::dsn_of({{"user", "acme"},
                       {"application_name", "it's"},
                       {"host", "/run/a b"},
                       {"port", "5501"},
                       {"password", "a\\b'c"},
                       {"hostaddr", ""},
                       {"dbname", "acme"}}) ==
        R"(host='/run/a b' port=5501 dbname=acme user=acme application_name='it\'s' password='a\\b\'c')");
  CHECK(fleet::dsn_value("") == "''");
}
