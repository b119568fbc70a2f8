#include "runbooks/engine/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "runbooks/engine/transcript.hpp"
#include "tests/support/run_story.hpp"

namespace {

using runbooks::Event;
using runbooks::Json;
using tests::event_at;
using tests::found;

// "step result attempt ms who", a line per chapter.
std::string lines_of(std::vector<Event> const& events) {
  std::string text;
  for (auto const& chapter : runbooks::story_of(events).chapters)
    text += chapter.step + " " + chapter.result + " " + std::to_string(chapter.attempt) + " " +
            std::to_string(chapter.ms) + " " + chapter.who + "\n";
  return text;
}

std::size_t count(std::string const& text, std::string const& part) {
  std::size_t found_so_far = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found_so_far;
  return found_so_far;
}

// Elements that are opened and closed as often, attributes aside.
void check_balance(std::string const& page) {
  for (std::string const name :
       {"html",    "head",  "body",  "header", "main",  "section", "article", "ol",
        "li",      "table", "thead", "tbody",  "tr",    "td",      "dl",      "dt",
        "dd",      "div",   "span",  "p",      "h1",    "h2",      "h3",      "details",
        "summary", "pre",   "code",  "style",  "title", "nav",     "footer",  "a"}) {
    CAPTURE(name);
    CHECK(count(page, "<" + name + ">") + count(page, "<" + name + " ") == count(page, "</" + name + ">"));
  }
}

}  // namespace

TEST_CASE("the story of a run: every try, also the one that its process did not survive") {
  CHECK(lines_of(tests::eventful_run()) ==
        " run_started 0 0 ops@desk\n"
        "preflight already_done 0 0 ops@desk\n"
        "dump/stop writes failed 1 800 ops@desk\n"
        "dump/stop writes done 2 1200 ops@desk\n"
        "dump/pg_dump no_result 1 0 ops@desk\n"
        " resumed 0 0 night@attic\n"
        "dump/pg_dump already_done 0 0 night@attic\n"
        "announce skipped 0 0 night@attic\n"
        "announce item 0 5 night@attic\n"
        " run_done 0 0 night@attic\n");
  auto const sittings = runbooks::story_of(tests::eventful_run()).sittings;
  REQUIRE(sittings.size() == 2);
  CHECK(sittings[0].process == "process 41 on desk");
  CHECK(sittings[0].to == "2026-04-27T15:00:06.123Z");
  CHECK(sittings[1].process == "process 97 on attic");
}

TEST_CASE("a report as JSON") {
  Json const report = runbooks::report_json(found(tests::eventful_run()), "done");
  CHECK(report["run"].dump() ==
        R"({"id":"k7m2qa9x","runbook":"tenant_backup","environment":"prod","state":"done",)"
        R"("started":"2026-04-27T15:00:00.123Z","ended":"2026-04-27T15:01:34.123Z","operator":"night@attic",)"
        R"("host":"attic","file":"/srv/tenant_backup.lua","sha256":"11ee","epoch":2})");
  CHECK(report["inputs"].dump() == R"({"tenant":"acme","password":"env:DUMP_PASSWORD","jobs":4})");
  REQUIRE(report["steps"].size() == 4);
  CHECK(
      report["steps"][1].dump() ==
      R"({"step":"dump/stop writes","state":"done","at":"2026-04-27T15:00:05.123Z","ms":1200,)"
      R"("outputs":{"before":"active"},"attempts":[)"
      R"({"result":"failed","began":"2026-04-27T15:00:02.123Z","ended":"2026-04-27T15:00:03.123Z","attempt":1,)"
      R"("kind":"effect","ms":800,"who":"ops@desk","process":"process 41 on desk","error":{"message":)"
      R"("permission denied","kind":"sql","sqlstate":"42501","hint":"grant it"}},)"
      R"({"result":"done","began":"2026-04-27T15:00:04.123Z","ended":"2026-04-27T15:00:05.123Z","attempt":2,)"
      R"("kind":"effect","ms":1200,"who":"ops@desk","process":"process 41 on desk",)"
      R"("outputs":{"before":"active"}}]})");
  CHECK(report["steps"][2]["attempts"][0]["result"] == "no_result");
  CHECK(report["steps"][3]["note"] == "nobody is awake");
  CHECK(report["remarks"].size() == 2);  // resumed, run_done
  CHECK(report["events"].size() == tests::eventful_run().size());
  for (std::size_t i = 0; i < report["events"].size(); ++i)
    CHECK(report["events"][i] == tests::eventful_run()[i].to_json());
}

TEST_CASE("a report as a page: whole, and nothing outside of it") {
  std::string const page = runbooks::report_html(found(tests::eventful_run()), "done");
  CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  CHECK(page.find("<title>tenant_backup · run k7m2qa9x · done</title>") != std::string::npos);
  CHECK(page.find("<meta name=\"viewport\"") != std::string::npos);
  check_balance(page);
  for (std::string const outside : {"http://", "https://", "<script", "<link", "<img", "<iframe", "@import",
                                    "url(", "src=", "srcset", "onclick"}) {
    CAPTURE(outside);
    CHECK(page.find(outside) == std::string::npos);
  }
  CHECK(count(page, "href=") == count(page, "href=\"#"));
  for (std::string const seen :
       {"permission denied", "grant it", "42501", "attempt 2", "no result", "night@attic",
        "process 97 on attic", "env:DUMP_PASSWORD", "/b/acme.dump", "a|b", "nobody is awake",
        "brief = &quot;&lt;one&gt; &amp; only&quot;", "-- mended", "acme"}) {
    CAPTURE(seen);
    CHECK(page.find(seen) != std::string::npos);
  }
}

TEST_CASE("a page says where an unfinished run stands and how to go on") {
  auto events = tests::eventful_run();
  events.resize(4);
  std::string const failed = runbooks::report_html(found(events), "failed");
  CHECK(failed.find("tenantsh runs resume k7m2qa9x") != std::string::npos);
  CHECK(failed.find("what stopped it") != std::string::npos);
  CHECK(runbooks::report_html(found(events), "abandoned").find("runs resume") == std::string::npos);
  check_balance(failed);
  CHECK(runbooks::report_html(found(tests::eventful_run()), "done").find("runs resume") == std::string::npos);
}

TEST_CASE("hostile text in every field stays text") {
  std::string const page = runbooks::report_html(found(tests::hostile_run()), "stopped");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(count(page, "</style>") == 1);
  CHECK(page.find("&lt;script&gt;alert(1)&lt;/script&gt;") != std::string::npos);
  CHECK(page.find("\xe2\x80\xae") == std::string::npos);
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(page.find("\\u{202e}") != std::string::npos);
  check_balance(page);
  Json const report = runbooks::report_json(found(tests::hostile_run()), "stopped");
  CHECK(Json::parse(report.dump()) == report);
  CHECK(report["inputs"][tests::hostile] == tests::hostile);
}

TEST_CASE("outputs of 100 kB are folded, not lost") {
  std::string const long_text = std::string(100'000, 'x') + "<end>";
  auto const events = tests::numbered({
      event_at(0, {.event = "run_started", .outputs = tests::head_of_run()}),
      event_at(1,
               {.event = "done", .step = "list", .ms = 3, .outputs = {{"listing", long_text}, {"rows", 3}}}),
  });
  std::string const page = runbooks::report_html(found(events), "running");
  CHECK(page.find("<summary>100005 bytes</summary>") != std::string::npos);
  CHECK(page.find(std::string(100'000, 'x') + "&lt;end&gt;") != std::string::npos);
  check_balance(page);
  // A fold may stand in a div, not in a paragraph.
  auto told = tests::eventful_run();
  told[1].note = told[3].error["message"] = long_text;
  std::string const folded = runbooks::report_html(found(told), "done");
  CHECK(count(folded, "bytes</summary>") > 3);
  CHECK(folded.find("<p><details") == std::string::npos);
}

TEST_CASE("a run that has only just begun has a report") {
  auto const events =
      tests::numbered({event_at(0, {.event = "run_started", .outputs = tests::head_of_run()})});
  std::string const page = runbooks::report_html(found(events), "running");
  CHECK(page.find("No step was begun.") != std::string::npos);
  check_balance(page);
  CHECK(runbooks::report_json(found(events), "running")["steps"] == Json::array());
  CHECK(runbooks::report_json(found({}), "running")["run"]["ended"].is_null());
  check_balance(runbooks::report_html(found({}), "running"));
}
