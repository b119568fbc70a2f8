#include "shell/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "fleet/error.hpp"

namespace shell {

void Output::write(std::string_view bytes) {
  if (failure_.empty()) buffer_ += bytes;
  if (buffer_.size() > 65536 || !failure_.empty() || is_terminal()) flush();
}

void Output::flush() {
  std::string const pending = std::exchange(buffer_, {});
  for (std::size_t sent = 0; sent < pending.size() && failure_.empty();) {
    ssize_t const count = ::write(descriptor_, pending.data() + sent, pending.size() - sent);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      int const reason = errno;
      closed_ = reason == EPIPE;
      failure_ = fmt::format("cannot write to standard {}: {}",
                             descriptor_ == STDOUT_FILENO ? "output" : "error", std::strerror(reason));
    }
  }
  if (!failure_.empty()) throw fleet::Error{fleet::ErrorKind::io, failure_};
}

bool Output::is_terminal() const {
  if (terminal_ < 0) terminal_ = ::isatty(descriptor_);
  return terminal_ == 1;
}

std::size_t Output::columns() const {
  winsize size{};
  if (!is_terminal() || ::ioctl(descriptor_, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void survive_broken_pipes() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace shell
