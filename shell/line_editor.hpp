#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/entry_paint.hpp"
#include "shell/interrupts.hpp"

namespace shell {

// What Tab can put in place of bytes [begin, cursor) of an entry.
struct Candidate {
  std::string text;
  std::string brief = {};  // for the list below the entry
};
struct Candidates {
  std::size_t begin = 0;
  std::vector<Candidate> all;
};

// What an editor asks about the entry it holds. Called between keys: none may take longer than a person
// notices.
struct EditorRules {
  std::function<bool(std::string const& text)> is_complete;
  std::function<std::vector<Span>(std::string_view text)> highlight;
  std::function<Candidates(std::string_view text, std::size_t cursor)> candidates;
};

// Entries of one or more lines, edited with GNU readline (the person's inputrc holds: emacs or vi keys, kill
// ring, undo, Ctrl-R) and painted by ourselves, so that they can be coloured and taller than the screen.
// Enter runs what is complete and else opens a line; Alt-Enter always opens one. Pasted tabs and line ends
// are text, never keys. readline holds its state in globals: one read() at a time in a process.
class LineEditor {
 public:
  LineEditor(Interrupts& interrupts, EditorRules rules, bool coloured);
  ~LineEditor();
  LineEditor(LineEditor const&) = delete;
  LineEditor& operator=(LineEditor const&) = delete;

  // One entry; nullopt at Ctrl-D on an empty line or when the terminal is gone. Error{interrupted} for
  // Ctrl-C, with what was typed thrown away. `initial` stands there to begin with.
  std::optional<std::string> read(std::string const& prompt, std::string const& initial = {});
  // What Up finds, oldest first.
  void remember(std::string const& entry);

 private:
  friend struct EditorKeys;
  void repaint();
  void leave_entry(std::string_view last);
  void show_candidates(std::vector<Candidate> const& all);
  void complete();
  Painted painted() const;
  void write(std::string_view text) const;

  Interrupts& interrupts_;
  EditorRules rules_;
  bool coloured_;
  int descriptor_ = -1;
  std::string prompt_;
  std::size_t cursor_row_ = 0;  // of what is on the screen
  std::size_t columns_ = 0;     // as it was painted for
  std::optional<std::string> entry_;
  bool done_ = false;
  bool listed_ = false;  // the last key was a Tab that several words fitted
};

}  // namespace shell
