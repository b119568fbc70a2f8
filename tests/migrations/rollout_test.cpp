#include "migrations/engine/rollout.hpp"

#include <doctest/doctest.h>

#include "fleet/error.hpp"

using namespace migrations;

namespace {

std::string waves(std::vector<std::string> const& canaries, char const* sizes, int targets = 10) {
  std::vector<std::string> names;
  for (int i = 0; i < targets; ++i) names.push_back("t" + std::to_string(i));
  std::string text;
  for (Wave const& wave : make_waves(names, canaries, sizes)) {
    text += (text.empty() ? "" : "; ") + wave.name + ":";
    for (std::string const& target : wave.targets) text += " " + target;
  }
  return text;
}

std::string refusal(char const* sizes) {
  try {
    waves({}, sizes);
  } catch (fleet::Error const& error) {
    return error.message;
  }
  return "accepted";
}

}  // namespace

TEST_CASE("waves of a fleet") {
  CHECK(waves({}, "", 3) == "all: t0 t1 t2");
  CHECK(waves({"t1"}, "", 3) == "canary: t1; everyone else: t0 t2");
  CHECK(waves({"t9", "t4", "gone"}, "1, 25%") ==
        "canary: t4 t9; wave 1: t0; wave 2: t1 t2 t3; everyone else: t5 t6 t7 t8");
  CHECK(waves({}, "100%", 3) == "wave 1: t0 t1 t2");
  CHECK(waves({}, "1,1%,50", 4) == "wave 1: t0; wave 2: t1; wave 3: t2 t3");
  CHECK(waves({"t0"}, "5", 1) == "canary: t0");
  CHECK(waves({}, "1", 0) == "");
}

TEST_CASE("sizes that are none") {
  for (char const* sizes :
       {"0", "x", "-1", "101%", "1,,2", "1,", ",", "%", "1 2", "99999999999999999999999"}) {
    CAPTURE(sizes);
    CHECK(refusal(sizes).find("neither a number of tenants nor a percentage") != std::string::npos);
  }
}

TEST_CASE("when a fleet run stops") {
  CHECK_FALSE(FailureLimit("", 100).reached(100));
  CHECK_FALSE(FailureLimit("3", 100).reached(2));
  CHECK(FailureLimit("3", 100).reached(3));
  CHECK_FALSE(FailureLimit("5%", 41).reached(2));
  CHECK(FailureLimit("5%", 41).reached(3));
  CHECK_FALSE(FailureLimit("1%", 0).reached(0));
  CHECK_THROWS_AS(FailureLimit("many", 1), fleet::Error);
}
