#pragma once

#include <string>
#include <vector>

#include "runbooks/engine/journal.hpp"

namespace tests {

using runbooks::Event;
using runbooks::Json;

// An event as the journal of run k7m2qa9x would hold it, `second` seconds after its start.
inline Event event_at(int second, Event event) {
  char at[40];
  std::snprintf(at, sizeof at, "2026-04-27T15:%02d:%02d.123Z", second / 60 % 60, second % 60);
  event.at = at;
  if (event.who.empty()) event.who = "ops@desk";
  return event;
}

inline Json head_of_run() {
  return {{"runbook", "tenant_backup"},
          {"environment", "prod"},
          {"inputs", {{"tenant", "acme"}, {"password", "env:DUMP_PASSWORD"}, {"jobs", 4}}},
          {"file", "/srv/tenant_backup.lua"},
          {"sha256", "00ff00ff"},
          {"host", "desk"},
          {"pid", 41},
          {"process_start", "7"},
          {"script", "runbook \"tenant_backup\" {\n  brief = \"<one> & only\",\n}\n"}};
}

inline std::vector<Event> numbered(std::vector<Event> events) {
  for (std::size_t i = 0; i < events.size(); ++i) events[i].seq = static_cast<int>(i) + 1;
  return events;
}

// A run with all that can happen: a failed step tried again, a process that died in a step, its result found
// by another operator's process, a step left out, a table among the outputs, an event nobody here knows.
inline std::vector<Event> eventful_run() {
  return numbered({
      event_at(0, {.event = "run_started", .outputs = head_of_run()}),
      event_at(1, {.event = "already_done", .step = "preflight", .note = "pg_dump 15.14 fits"}),
      event_at(2, {.event = "intent", .step = "dump/stop writes", .kind = "effect", .attempt = 1}),
      event_at(3, {.event = "failed",
                   .step = "dump/stop writes",
                   .attempt = 1,
                   .ms = 800,
                   .error = {{"message", "permission denied"},
                             {"kind", "sql"},
                             {"sqlstate", "42501"},
                             {"hint", "grant it"}}}),
      event_at(4, {.event = "intent", .step = "dump/stop writes", .kind = "effect", .attempt = 2}),
      event_at(5, {.event = "done",
                   .step = "dump/stop writes",
                   .kind = "effect",
                   .attempt = 2,
                   .ms = 1200,
                   .outputs = {{"before", "active"}}}),
      event_at(6, {.event = "intent", .step = "dump/pg_dump", .kind = "effect", .attempt = 1}),
      event_at(90,
               {.event = "resumed",
                .outputs = {{"host", "attic"}, {"pid", 97}, {"sha256", "11ee"}, {"script", "-- mended\n"}},
                .epoch = 2,
                .who = "night@attic"}),
      event_at(91, {.event = "already_done",
                    .step = "dump/pg_dump",
                    .note = "archive and manifest agree",
                    .outputs = {{"path", "/b/acme.dump"},
                                {"tables",
                                 Json::parse(R"([{"name":"a|b","rows":12},{"name":"c","extra":true}])")}},
                    .who = "night@attic"}),
      event_at(92, {.event = "skipped", .step = "announce", .note = "nobody is awake", .who = "night@attic"}),
      event_at(93, {.event = "item", .step = "announce", .note = "acme", .ms = 5, .who = "night@attic"}),
      event_at(94, {.event = "run_done", .who = "night@attic"}),
  });
}

inline runbooks::FoundRun found(std::vector<Event> const& events) {
  return {runbooks::replay("k7m2qa9x", events), events, {}};
}

// What a page must show as text and nothing else.
inline std::string const hostile =
    "</style><script>alert(1)</script>\n# `a|b` *c* [d](javascript:e) \"f\" 'g' & \xe2\x80\xae\x1b[31m";

// The hostile text wherever a journal has room for text from outside.
inline std::vector<Event> hostile_run() {
  Json head = head_of_run();
  head["runbook"] = head["environment"] = head["file"] = head["script"] = head["host"] = hostile;
  head["inputs"] = Json{{hostile, hostile}};
  Json row{{hostile, hostile}};
  return numbered({
      event_at(0, {.event = "run_started", .outputs = head, .who = hostile}),
      event_at(1, {.event = "intent", .step = hostile, .kind = hostile, .attempt = 1, .who = hostile}),
      event_at(2, {.event = "failed",
                   .step = hostile,
                   .attempt = 1,
                   .error = {{"message", hostile}, {hostile, hostile}},
                   .who = hostile}),
      event_at(3, {.event = "resumed", .outputs = head, .who = hostile}),
      event_at(4, {.event = "done", .step = hostile, .note = hostile, .outputs = row, .who = hostile}),
      event_at(5, {.event = "done", .step = "rows", .outputs = Json::array({row}), .who = hostile}),
      event_at(6, {.event = "done", .step = "text", .outputs = hostile, .who = hostile}),
      event_at(7, {.event = hostile, .step = hostile, .note = hostile, .outputs = row, .who = hostile}),
      event_at(8, {.event = "run_stopped", .note = hostile, .who = hostile}),
  });
}

}  // namespace tests
