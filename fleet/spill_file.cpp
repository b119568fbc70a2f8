#include "fleet/spill_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "fleet/error.hpp"

namespace fleet {
namespace {

std::string folder() {
  std::error_code none;
  auto const found = std::filesystem::temp_directory_path(none);
  return none ? "/tmp" : found.string();
}

[[noreturn]] void fail(char const* doing) {
  throw Error{ErrorKind::io, std::string{"cannot "} + doing + " a temporary file in " + folder() + ": " +
                                 std::strerror(errno)}
      .with_hint(
          "rows of later tenants wait there for those of earlier ones: set TMPDIR to a folder with room, or"
          " take the rows in the order of their arrival");
}

}  // namespace

SpillFile::~SpillFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SpillFile::open() {
  descriptor_ = ::open(folder().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ >= 0) return;
  // Some file systems know no files without a name.
  std::string name = folder() + "/tenantsh-XXXXXX";
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("make");
  ::unlink(name.c_str());
}

std::uint64_t SpillFile::append(std::string_view bytes) {
  if (descriptor_ < 0) open();
  std::uint64_t const from = end_;
  while (!bytes.empty()) {
    ssize_t const count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    end_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return from;
}

void SpillFile::copy_to(CopySink& sink, std::uint64_t from, std::uint64_t length) const {
  std::string buffer(std::min<std::uint64_t>(length, 256 * 1024), '\0');
  while (length > 0) {
    ssize_t const count = ::pread(descriptor_, buffer.data(), std::min<std::uint64_t>(length, buffer.size()),
                                  static_cast<off_t>(from));
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = EIO;
    if (count <= 0) fail("read");
    sink.write({buffer.data(), static_cast<std::size_t>(count)});
    from += static_cast<std::uint64_t>(count);
    length -= static_cast<std::uint64_t>(count);
  }
}

}  // namespace fleet
