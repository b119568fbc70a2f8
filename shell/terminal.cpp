#include "shell/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "fleet/error.hpp"

namespace shell {
namespace {

// The settings to put back when the process ends while echo is off; read by a signal handler.
termios before_echo_off;
std::atomic<int> echo_off_at{-1};  // descriptor, -1: echo is on
// The same for an editor's.
termios before_editor;
std::atomic<int> editor_at{-1};

// Switches echo off for one scope.
class EchoOff {
 public:
  explicit EchoOff(int descriptor) {
    if (::tcgetattr(descriptor, &before_echo_off) != 0) return;
    termios quiet = before_echo_off;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    echo_off_at = descriptor;
    ::tcsetattr(descriptor, TCSAFLUSH, &quiet);
  }
  ~EchoOff() { restore_terminal(); }
  EchoOff(EchoOff const&) = delete;
  EchoOff& operator=(EchoOff const&) = delete;
};

}  // namespace

void restore_terminal() noexcept {
  int const descriptor = echo_off_at.exchange(-1);
  if (descriptor >= 0) ::tcsetattr(descriptor, TCSAFLUSH, &before_echo_off);
  int const edited = editor_at.exchange(-1);
  if (edited < 0) return;
  ::tcsetattr(edited, TCSADRAIN, &before_editor);
  constexpr std::string_view end_of_paste_marks = "\x1b[?2004l\x1b[?25h\r\n";
  [[maybe_unused]] ssize_t const written =
      ::write(edited, end_of_paste_marks.data(), end_of_paste_marks.size());
}

void prepare_terminal_restore(int descriptor) {
  if (::tcgetattr(descriptor, &before_editor) == 0) editor_at = descriptor;
}

void forget_terminal_restore() noexcept { editor_at = -1; }

Terminal::Terminal(Interrupts& interrupts) : interrupts_(interrupts) {
  descriptor_ = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  owned_ = descriptor_ >= 0;
  if (!owned_) descriptor_ = STDIN_FILENO;
}

Terminal::~Terminal() {
  if (owned_) ::close(descriptor_);
}

void Terminal::write(std::string_view text) {
  while (!text.empty()) {
    ssize_t const count = ::write(descriptor_, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Terminal::drain() {
  read_ahead_.clear();
  ::tcflush(descriptor_, TCIFLUSH);
}

std::optional<std::string> Terminal::read_line(Echo echo) {
  std::optional<EchoOff> quiet;
  if (echo == Echo::off) quiet.emplace(descriptor_);
  while (true) {
    if (auto const end = read_ahead_.find('\n'); end != std::string::npos) {
      std::string line = read_ahead_.substr(0, end);
      read_ahead_.erase(0, end + 1);
      return line;
    }
    pollfd waiting[2] = {{descriptor_, POLLIN, 0}, {interrupts_.descriptor(), POLLIN, 0}};
    int const ready = ::poll(waiting, 2, -1);
    if (interrupts_.pressed()) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
    if (ready < 0) continue;
    char bytes[4096];
    ssize_t const count = ::read(descriptor_, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) {
      if (read_ahead_.empty()) return std::nullopt;
      return std::exchange(read_ahead_, {});
    }
    read_ahead_.append(bytes, static_cast<std::size_t>(count));
  }
}

}  // namespace shell
