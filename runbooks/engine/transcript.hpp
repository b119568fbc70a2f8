#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/file_descriptor.hpp"
#include "runbooks/engine/event.hpp"

namespace runbooks {

// Tells the events of one run in Markdown, one after the other: what they all say, put together, is the
// transcript. A step's heading stands above the first event of each stretch that is about it.
class Narrator {
 public:
  explicit Narrator(std::string run_id) : run_id_(std::move(run_id)) {}
  std::string tell(Event const& event);

 private:
  std::string tell_start(Event const& event);
  std::string tell_step(Event const& event);
  std::string tell_run(Event const& event);
  std::string who_else(Event const& event) const;

  std::string run_id_, who_;
  std::string step_;    // whose heading stands above
  bool blank_ = false;  // the last piece ended with an empty line
};

std::string transcript_text(std::string const& run_id, std::vector<Event> const& events);

// The transcript's file beside the mirror: STARTED-ID.md for STARTED-ID.jsonl, mode 0600, a piece for each
// event that has become durable. It is for people to read and nothing depends on it: what hinders its writing
// is told once as a note, the run goes on, and the next process that resumes the run makes it whole.
class Transcript {
 public:
  using Note = std::function<void(std::string_view)>;

  Transcript(std::string run_id, Note note)
      : run_id_(std::move(run_id)), note_(std::move(note)), narrator_(run_id_) {}

  // The first `durable` of `events` are in `mirror`. Writes those of them that this file lacks: at the first
  // call all of them anew, for the process before us may have died between mirror and transcript.
  void bring_up(std::filesystem::path const& mirror, std::vector<Event> const& events, std::size_t durable);

 private:
  void begin(std::vector<Event> const& events, std::size_t durable);
  void append(std::string_view piece);

  std::string run_id_;
  Note note_;
  Narrator narrator_;
  std::filesystem::path path_;
  fleet::FileDescriptor file_;
  std::size_t told_ = 0;
  bool given_up_ = false;
};

}  // namespace runbooks
