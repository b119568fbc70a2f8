#include "shell/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "fleet/error.hpp"

namespace shell {

namespace {

std::string pager_command() {
  for (char const* name : {"TENANTSH_PAGER", "PAGER"})
    if (char const* value = std::getenv(name)) return value;
  return "less";
}

std::size_t rows_of_terminal(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

}  // namespace

void Output::begin_pages() {
  std::string const command = pager_command();
  paging_ = is_terminal() && !command.empty() && command != "cat";
}

void Output::start_pager() {
  // Colours pass, short last pages stay on the screen, as psql and git ask less for.
  ::setenv("LESS", "FRSX", 0);
  pager_ = ::popen(pager_command().c_str(), "w");
  if (pager_ == nullptr) paging_ = false;
}

void Output::end_pages() noexcept {
  if (!std::exchange(paging_, false) && pager_ == nullptr) return;
  if (pager_ != nullptr) ::pclose(std::exchange(pager_, nullptr));
  try {
    flush();
  } catch (fleet::Error const&) {
    // Said again by the next write.
  }
}

void Output::write(std::string_view bytes) {
  if (paging_) {
    if (pager_ == nullptr) {
      buffer_ += bytes;
      auto const lines = static_cast<std::size_t>(std::count(buffer_.begin(), buffer_.end(), '\n'));
      if (lines + 1 < rows_of_terminal(descriptor_)) return;
      start_pager();
      if (pager_ == nullptr) return flush();
      bytes = {};
    }
    std::string const text = std::exchange(buffer_, {}) + std::string{bytes};
    (void)std::fwrite(text.data(), 1, text.size(), pager_);  // they may have left it
    return;
  }
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
