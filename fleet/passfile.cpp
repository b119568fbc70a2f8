#include "fleet/passfile.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fleet/error.hpp"

namespace fleet {
namespace {

[[noreturn]] void fail() {
  throw Error{ErrorKind::io, std::string{"cannot make a passfile in memory: "} + std::strerror(errno)};
}

}  // namespace

Passfile::Passfile(std::string_view password) {
  if (password.find_first_of("\r\n") != password.npos)
    throw Error{ErrorKind::config, "the password holds a line break, which no passfile can hold"};
  std::string line = "*:*:*:*:";
  for (char c : password) {
    if (c == ':' || c == '\\') line += '\\';
    line += c;
  }
  line += '\n';
  file_ = FileDescriptor{::memfd_create("tenantsh-passfile", MFD_CLOEXEC)};
  // libpq ignores a passfile that others may read.
  if (!file_ || ::fchmod(file_.get(), 0600) != 0) fail();
  for (std::string_view rest = line; !rest.empty();) {
    ssize_t const put = ::write(file_.get(), rest.data(), rest.size());
    if (put < 0 && errno != EINTR) fail();
    if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
  }
  ::explicit_bzero(line.data(), line.size());
}

// Not /proc/self: the program that reads it is another one.
std::string Passfile::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get());
}

}  // namespace fleet
