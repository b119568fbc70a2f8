#include "fleet/backup_pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/private_files.hpp"

namespace fleet {
namespace {

constexpr int pipe_bytes = 1 << 20;  // fewer switches between the programs; a wish only
constexpr int patience_ms = 50;

}  // namespace

FedProgram::FedProgram(std::function<Command(std::string const& path)> const& command, std::stop_token stop)
    : forward_(std::move(stop), [this] { end_.request_stop(); }) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error{ErrorKind::io, std::string{"cannot make a pipe: "} + std::strerror(errno)};
  read_ = FileDescriptor{ends[0]};
  write_ = FileDescriptor{ends[1]};
  ::fcntl(write_.get(), F_SETPIPE_SZ, pipe_bytes);
  ::fcntl(write_.get(), F_SETFL, ::fcntl(write_.get(), F_GETFL) | O_NONBLOCK);
  // Not /proc/self: the program that reads it is another one.
  Command made = command("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(read_.get()));
  runner_ = std::jthread([this, made = std::move(made)] {
    try {
      result_ = run(made, [this] { return end_.stop_requested(); });
    } catch (std::exception const&) {
      failure_ = std::current_exception();
    }
    ended_ = true;
  });
}

FedProgram::~FedProgram() { end_.request_stop(); }

void FedProgram::write(std::string_view piece) {
  while (!piece.empty() && !ended_) {
    if (end_.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
    ssize_t const put = ::write(write_.get(), piece.data(), piece.size());
    if (put > 0) {
      piece.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      pollfd event{write_.get(), POLLOUT, 0};
      ::poll(&event, 1, patience_ms);
    } else if (errno != EINTR) {
      throw Error{ErrorKind::io, std::string{"cannot write to a pipe: "} + std::strerror(errno)};
    }
  }
}

// The end of file must not come before the program has opened the pipe: it would wait for a writer for ever.
// That the pipe is empty shows that it has.
CommandResult FedProgram::finish() {
  for (int waiting = 1; !ended_ && ::ioctl(read_.get(), FIONREAD, &waiting) == 0 && waiting > 0;)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  write_.reset();
  if (runner_.joinable()) runner_.join();
  if (failure_) std::rethrow_exception(failure_);
  return *result_;
}

void follow_file(std::filesystem::path const& path, std::function<bool()> const& complete,
                 std::function<void(std::string_view)> const& take) {
  FileDescriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) throw io_error("read", path, errno);
  std::vector<char> buffer(1 << 18);
  while (true) {
    bool const whole = complete();  // before the read, which then finds all of it
    ssize_t const got = ::read(file.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take({buffer.data(), static_cast<std::size_t>(got)});
    } else if (got < 0 && errno != EINTR) {
      throw io_error("read", path, errno);
    } else if (got == 0) {
      if (whole) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }
}

}  // namespace fleet
