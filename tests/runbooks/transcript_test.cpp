#include "runbooks/engine/transcript.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "runbooks/engine/markdown.hpp"
#include "tests/support/run_story.hpp"

namespace {

namespace fs = std::filesystem;
using runbooks::Event;
using runbooks::markdown_text;
using runbooks::transcript_text;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "tenantsh-transcript-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(Folder const&) = delete;
  Folder& operator=(Folder const&) = delete;
  fs::path operator/(char const* name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string content(fs::path const& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a transcript tells a run from its events") {
  CHECK(transcript_text("k7m2qa9x", tests::eventful_run()) == R"(# tenant_backup · run k7m2qa9x

- environment: prod
- operator: ops@desk
- process: process 41 on desk
- started: 2026-04-27 15:00:00 UTC
- script: /srv/tenant_backup.lua
- sha256: 00ff00ff

## Inputs

| input | value |
| --- | --- |
| tenant | acme |
| password | env:DUMP_PASSWORD |
| jobs | 4 |

## preflight

- already done: 2026-04-27 15:00:01 UTC
- evidence: pg_dump 15.14 fits

## dump/stop writes

- begun: 2026-04-27 15:00:02 UTC, effect, attempt 1
- failed: 2026-04-27 15:00:03 UTC after 800 ms, attempt 1
- error: permission denied
- kind of error: sql
- SQLSTATE: 42501
- hint: grant it
- begun: 2026-04-27 15:00:04 UTC, effect, attempt 2
- done: 2026-04-27 15:00:05 UTC after 1.2 s, attempt 2
- before: active

## dump/pg_dump

- begun: 2026-04-27 15:00:06 UTC, effect, attempt 1

---

**Resumed** 2026-04-27 15:01:30 UTC by night@attic, process 97 on attic

## dump/pg_dump

- already done: 2026-04-27 15:01:31 UTC
- evidence: archive and manifest agree
- path: /b/acme.dump

tables:

| name | rows | extra |
| --- | --- | --- |
| a\|b | 12 |  |
| c |  | true |

## announce

- skipped: 2026-04-27 15:01:32 UTC
- reason: nobody is awake
- item: 2026-04-27 15:01:33 UTC after 5 ms
- note: acme

**Run done** 2026-04-27 15:01:34 UTC
)");
}

TEST_CASE("text from outside is Markdown's text, whatever it holds") {
  CHECK(markdown_text("# no heading") == "\\# no heading");
  CHECK(markdown_text("a # b") == "a \\# b");
  CHECK(markdown_text("- no item") == "\\- no item");
  CHECK(markdown_text("12. no item") == "12\\. no item");
  CHECK(markdown_text("1.5 s") == "1\\.5 s");
  CHECK(markdown_text("a|b `c` *d* [e](f) <g> ~h~ i&j \\") ==
        "a\\|b \\`c\\` \\*d\\* \\[e\\](f) &lt;g\\> \\~h\\~ i&amp;j \\\\");
  CHECK(markdown_text("db_config_ref _x_") == "db_config_ref \\_x\\_");
  CHECK(markdown_text("a\n# b\r\nc") == "a<br>\\# b<br>c");
  CHECK(markdown_text("    no code") == "&#32;   no code");
  CHECK(markdown_text("grün 漢字 😀") == "grün 漢字 😀");
  CHECK(markdown_text("\x1b[31m\xe2\x80\xae") == "\\\\u{1b}\\[31m\\\\u{202e}");
  CHECK(markdown_text("torn \xff text") == "torn \xef\xbf\xbd text");
  CHECK(markdown_text("").empty());
}

TEST_CASE("a hostile run leaves no markup in its transcript") {
  std::string const text = transcript_text("k7m2qa9x", tests::hostile_run());
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find("&lt;script\\>") != std::string::npos);
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    // Only our own headings, and every row of a table has the cells of its head.
    if (line.starts_with("#")) CHECK((line.starts_with("# ") || line.starts_with("## ")));
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
      if (line[i] == '|' && (i == 0 || line[i - 1] != '\\')) ++bars;
    CHECK((bars == 0 || bars == 2 || bars == 3));
  }
}

TEST_CASE("the transcript grows beside the mirror, for its owner only") {
  Folder const folder;
  auto const events = tests::eventful_run();
  std::string told;
  runbooks::Transcript transcript{"k7m2qa9x", [&](std::string_view note) { told += note; }};
  for (std::size_t durable = 1; durable <= events.size(); ++durable) {
    transcript.bring_up(folder / "20260427T150000Z-k7m2qa9x.jsonl", events, durable);
    std::vector<Event> const so_far{events.begin(), events.begin() + static_cast<std::ptrdiff_t>(durable)};
    CHECK(content(folder / "20260427T150000Z-k7m2qa9x.md") == transcript_text("k7m2qa9x", so_far));
  }
  struct stat status {};
  CHECK(::stat((folder / "20260427T150000Z-k7m2qa9x.md").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(told.empty());
}

TEST_CASE("the process that goes on makes the transcript whole") {
  Folder const folder;
  auto const events = tests::eventful_run();
  std::ofstream{folder / "run.md"} << "# tenant_backup · run k7m2q";  // torn in the middle of a piece
  runbooks::Transcript transcript{"k7m2qa9x", {}};
  transcript.bring_up(folder / "run.jsonl", events, 8);
  transcript.bring_up(folder / "run.jsonl", events, events.size());
  CHECK(content(folder / "run.md") == transcript_text("k7m2qa9x", events));
  CHECK_FALSE(fs::exists(folder / "run.md.new"));
}

TEST_CASE("a transcript that cannot be written is told once and stops nothing") {
  Folder const folder;
  auto const events = tests::eventful_run();
  fs::create_directories(folder / "run.md" / "in the way");
  std::vector<std::string> told;
  runbooks::Transcript transcript{"k7m2qa9x", [&](std::string_view note) { told.emplace_back(note); }};
  for (std::size_t durable = 1; durable <= events.size(); ++durable)
    transcript.bring_up(folder / "run.jsonl", events, durable);
  CHECK(told == std::vector<std::string>{
                    "the transcript goes no further (cannot write " + (folder / "run.md").string() +
                    ": Is a directory); the journal has everything: tenantsh runs report "
                    "k7m2qa9x --as markdown"});
  CHECK_FALSE(fs::exists(folder / "run.md.new"));
}

TEST_CASE("events of another shape than ours are told as far as they go") {
  auto const events = tests::numbered({
      tests::event_at(0, {.event = "run_started", .outputs = "no object"}),
      tests::event_at(1, {.event = "released", .note = "lease of acme", .error = "no object"}),
      tests::event_at(2, {.event = "undone", .step = "a", .ms = 70, .outputs = {{"rows", 3}}}),
      tests::event_at(3, {.event = "failed", .step = "a", .error = {{"message", 7}}}),
  });
  CHECK(transcript_text("x", events) == R"(#  · run x

- operator: ops@desk
- started: 2026-04-27 15:00:00 UTC

No inputs.

**Released** 2026-04-27 15:00:01 UTC: lease of acme

## a

- undone: 2026-04-27 15:00:02 UTC after 70 ms
- rows: 3
- failed: 2026-04-27 15:00:03 UTC
- error: 7
)");
}
