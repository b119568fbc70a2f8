#include "shell/line_editor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

// After <cstdio>: it uses FILE.
#include <readline/history.h>
#include <readline/readline.h>

#include "fleet/error.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

LineEditor* current = nullptr;  // whose entry readline holds: it calls functions without an argument of ours

volatile std::sig_atomic_t resized = 0;
void note_resize(int /*signal*/) { resized = 1; }

winsize size_of(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {24, 80, 0, 0};
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

std::string_view buffer() { return {rl_line_buffer, static_cast<std::size_t>(rl_end)}; }

std::size_t line_start(std::string_view text, std::size_t at) {
  std::size_t const before = at == 0 ? text.npos : text.rfind('\n', at - 1);
  return before == text.npos ? 0 : before + 1;
}

// Where a line that begins at `start` is as wide as `width` columns.
std::size_t at_width(std::string_view text, std::size_t start, std::size_t width) {
  std::size_t at = start, reached = 0;
  while (at < text.size() && text[at] != '\n' && reached < width) {
    Cluster const cluster = cluster_at(text, at);
    reached += cluster.width;
    at += cluster.bytes;
  }
  return at;
}

std::string common_beginning(std::vector<Candidate> const& all) {
  std::string common = all.front().text;
  for (Candidate const& candidate : all) {
    auto const differs =
        std::mismatch(common.begin(), common.end(), candidate.text.begin(), candidate.text.end());
    common.erase(differs.first, common.end());
  }
  while (!common.empty() && (static_cast<unsigned char>(common.back()) & 0xc0U) == 0x80U) common.pop_back();
  return common;
}

}  // namespace

// What readline calls for the keys we bind.
struct EditorKeys {
  static void redisplay() {
    if (current != nullptr) current->repaint();
  }

  static int enter(int count, int key) {
    std::string const text{buffer()};
    if (!current->rules_.is_complete(text)) return open_line(count, key);
    current->entry_ = text;
    current->leave_entry("\r\n");
    current->done_ = true;
    return 0;
  }
  static int open_line(int /*count*/, int /*key*/) { return rl_insert_text("\n"), 0; }

  static int up(int count, int key) {
    std::string_view const text = buffer();
    auto const at = static_cast<std::size_t>(rl_point);
    std::size_t const start = line_start(text, at);
    if (start == 0) return rl_get_previous_history(count, key);
    std::size_t const width = display_width(text.substr(start, at - start));
    rl_point = static_cast<int>(at_width(text, line_start(text, start - 1), width));
    return 0;
  }
  static int down(int count, int key) {
    std::string_view const text = buffer();
    auto const at = static_cast<std::size_t>(rl_point);
    std::size_t const end = text.find('\n', at);
    if (end == text.npos) return rl_get_next_history(count, key);
    std::size_t const start = line_start(text, at);
    rl_point = static_cast<int>(at_width(text, end + 1, display_width(text.substr(start, at - start))));
    return 0;
  }
  static int line_begin(int /*count*/, int /*key*/) {
    rl_point = static_cast<int>(line_start(buffer(), static_cast<std::size_t>(rl_point)));
    return 0;
  }
  static int line_end(int /*count*/, int /*key*/) {
    std::size_t const end = buffer().find('\n', static_cast<std::size_t>(rl_point));
    rl_point = end == std::string_view::npos ? rl_end : static_cast<int>(end);
    return 0;
  }
  static int clear_screen(int /*count*/, int /*key*/) {
    current->write("\x1b[H\x1b[2J");
    current->cursor_row_ = 0;
    return 0;
  }
  static int tab(int /*count*/, int /*key*/) {
    current->complete();
    return 0;
  }
  // Ctrl-D on an empty line, and the end of the terminal.
  static void ended(char* line) {
    std::free(line);
    current->leave_entry("\r\n");
    current->done_ = true;
  }

  static void bind(Keymap map) {
    rl_bind_key_in_map('\r', enter, map);
    rl_bind_key_in_map('\n', enter, map);
    rl_bind_keyseq_in_map("\x1b[A", up, map);
    rl_bind_keyseq_in_map("\x1bOA", up, map);
    rl_bind_keyseq_in_map("\x1b[B", down, map);
    rl_bind_keyseq_in_map("\x1bOB", down, map);
    rl_bind_key_in_map('\x0c', clear_screen, map);
  }
};

LineEditor::LineEditor(Interrupts& interrupts, EditorRules rules, bool coloured)
    : interrupts_(interrupts), rules_(std::move(rules)), coloured_(coloured) {
  // Characters are UTF-8 whatever the locale says: a paste of it would be torn otherwise.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  int const terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  descriptor_ = terminal >= 0 ? terminal : ::dup(STDIN_FILENO);
  rl_readline_name = "tenantsh";
  rl_instream = ::fdopen(::dup(descriptor_), "r");
  rl_outstream = ::fdopen(::dup(descriptor_), "w");
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_redisplay_function = EditorKeys::redisplay;
  rl_initialize();
  rl_variable_bind("enable-bracketed-paste", "on");
  Keymap const emacs = rl_get_keymap_by_name("emacs-standard"), vi = rl_get_keymap_by_name("vi-insert");
  for (Keymap map : {emacs, vi, rl_get_keymap_by_name("vi-command")}) EditorKeys::bind(map);
  for (Keymap map : {emacs, vi}) rl_bind_key_in_map('\t', EditorKeys::tab, map);
  rl_bind_keyseq_in_map("\x1b\r", EditorKeys::open_line, emacs);
  rl_bind_key_in_map('\x10', EditorKeys::up, emacs);    // Ctrl-P
  rl_bind_key_in_map('\x0e', EditorKeys::down, emacs);  // Ctrl-N
  rl_bind_key_in_map('\x01', EditorKeys::line_begin, emacs);
  rl_bind_key_in_map('\x05', EditorKeys::line_end, emacs);
  for (char const* home : {"\x1b[H", "\x1bOH", "\x1b[1~"})
    rl_bind_keyseq_in_map(home, EditorKeys::line_begin, emacs);
  for (char const* end : {"\x1b[F", "\x1bOF", "\x1b[4~"})
    rl_bind_keyseq_in_map(end, EditorKeys::line_end, emacs);
}

LineEditor::~LineEditor() {
  if (rl_instream != nullptr) std::fclose(rl_instream);
  if (rl_outstream != nullptr) std::fclose(rl_outstream);
  rl_instream = rl_outstream = nullptr;
  ::close(descriptor_);
}

void LineEditor::write(std::string_view text) const {
  while (!text.empty()) {
    ssize_t const count = ::write(descriptor_, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

Painted LineEditor::painted() const {
  winsize const size = size_of(descriptor_);
  std::string_view const text = buffer();
  // While readline searches or asks something it has a prompt of its own.
  bool const ours = rl_display_prompt == nullptr || rl_display_prompt == rl_prompt;
  return paint({.prompt = ours ? prompt_ : std::string{rl_display_prompt},
                .text = text,
                .cursor = static_cast<std::size_t>(rl_point),
                .spans = coloured_ ? rules_.highlight(text) : std::vector<Span>{},
                .columns = size.ws_col,
                .rows = size.ws_row});
}

void LineEditor::repaint() {
  if (done_) return;  // readline paints once more after the key that ended it
  Painted const now = painted();
  std::string out = "\x1b[?25l\r";
  if (cursor_row_ > 0) out += "\x1b[" + std::to_string(cursor_row_) + "A";
  out += "\x1b[J";
  for (std::size_t row = 0; row < now.rows.size(); ++row) out += (row > 0 ? "\r\n" : "") + now.rows[row];
  if (std::size_t const above = now.rows.size() - 1 - now.cursor_row; above > 0)
    out += "\x1b[" + std::to_string(above) + "A";
  out += "\r";
  if (now.cursor_column > 0) out += "\x1b[" + std::to_string(now.cursor_column) + "C";
  write(out + "\x1b[?25h");
  cursor_row_ = now.cursor_row;
}

// The cursor behind the last row, then `last`.
void LineEditor::leave_entry(std::string_view last) {
  rl_point = rl_end;
  repaint();
  write(last);
  cursor_row_ = 0;
}

void LineEditor::complete() {
  bool const again = std::exchange(listed_, false);
  auto const cursor = static_cast<std::size_t>(rl_point);
  std::string const text{buffer()};
  // At the beginning of a line there is nothing to complete: Tab indents.
  std::size_t const start = line_start(text, cursor);
  if (start > 0 && text.find_first_not_of(" \t", start) >= cursor) {
    rl_insert_text("  ");
    return;
  }
  Candidates found = rules_.candidates(text, cursor);
  if (found.all.empty()) {
    rl_ding();
    return;
  }
  std::string const common = common_beginning(found.all),
                    typed = text.substr(found.begin, cursor - found.begin);
  if (found.all.size() == 1 || common.size() > typed.size()) {
    rl_begin_undo_group();
    rl_delete_text(static_cast<int>(found.begin), rl_point);
    rl_point = static_cast<int>(found.begin);
    rl_insert_text(common.c_str());
    rl_end_undo_group();
  } else if (again) {
    show_candidates(found.all);
  }
  listed_ = found.all.size() > 1;
  if (!again && listed_ && common.size() <= typed.size()) show_candidates(found.all);
}

void LineEditor::show_candidates(std::vector<Candidate> const& all) {
  constexpr std::size_t most = 60, with_briefs = 24;
  std::size_t const columns = size_of(descriptor_).ws_col, shown = std::min(all.size(), most);
  std::size_t width = 0;
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, display_width(all[i].text));
  std::string list;
  bool const briefs = all.size() <= with_briefs &&
                      std::any_of(all.begin(), all.end(), [](auto const& c) { return !c.brief.empty(); });
  std::size_t const in_line = briefs ? 1 : std::max<std::size_t>(1, columns / (width + 2));
  for (std::size_t i = 0; i < shown; ++i) {
    std::string cell = all[i].text;
    if (briefs || (i + 1) % in_line != 0) cell += std::string(width - display_width(cell) + 2, ' ');
    if (briefs) cell += all[i].brief;
    list += briefs ? cut_to_width(cell, columns - 1) : cell;
    if ((i + 1) % in_line == 0 || i + 1 == shown) list += "\r\n";
  }
  if (shown < all.size()) list += "… " + std::to_string(all.size() - shown) + " more\r\n";
  int const point = rl_point;
  leave_entry("\r\n" + list);
  rl_point = point;
}

void LineEditor::remember(std::string const& entry) { add_history(entry.c_str()); }

std::optional<std::string> LineEditor::read(std::string const& prompt, std::string const& initial) {
  prompt_ = prompt;
  entry_.reset();
  done_ = listed_ = false;
  cursor_row_ = 0;
  current = this;
  struct sigaction resize {
  }, before{};
  resize.sa_handler = note_resize;
  ::sigaction(SIGWINCH, &resize, &before);
  prepare_terminal_restore(descriptor_);
  rl_callback_handler_install("> ", EditorKeys::ended);
  using_history();
  if (!initial.empty()) {
    rl_insert_text(initial.c_str());
    repaint();
  }
  bool interrupted = false;
  while (!done_ && !interrupted) {
    pollfd waiting[2] = {{descriptor_, POLLIN, 0}, {interrupts_.descriptor(), POLLIN, 0}};
    int const ready = ::poll(waiting, 2, -1);
    interrupted = interrupts_.pressed();
    if (std::exchange(resized, 0) != 0) {
      rl_resize_terminal();
      repaint();
    }
    if (interrupted || ready <= 0 || waiting[0].revents == 0) continue;
    if ((waiting[0].revents & POLLIN) == 0) {  // the terminal went away
      done_ = true;
      continue;
    }
    bool const tab = listed_;
    rl_callback_read_char();
    if (tab && rl_last_func != EditorKeys::tab) listed_ = false;
  }
  if (interrupted) {
    rl_free_line_state();
    rl_callback_sigcleanup();
    leave_entry("^C\r\n");
  }
  rl_callback_handler_remove();
  forget_terminal_restore();
  ::sigaction(SIGWINCH, &before, nullptr);
  current = nullptr;
  if (interrupted) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
  return std::exchange(entry_, std::nullopt);
}

}  // namespace shell
