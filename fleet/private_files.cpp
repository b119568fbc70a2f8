#include "fleet/private_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>
#include <thread>

#include "fleet/file_descriptor.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

void write_all(FileDescriptor const& file, std::string_view rest, fs::path const& path) {
  while (!rest.empty()) {
    ssize_t put = ::write(file.get(), rest.data(), rest.size());
    if (put >= 0)
      rest.remove_prefix(static_cast<std::size_t>(put));
    else if (errno != EINTR)
      throw io_error("write", path, errno);
  }
}

void sync_folder(fs::path const& path) {
  FileDescriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder) ::fsync(folder.get());
}

}  // namespace

Error io_error(std::string const& action, fs::path const& path, int error_number) {
  Error error{ErrorKind::io, "cannot " + action + " " + path.string() + ": " + std::strerror(error_number)};
  if (error_number == ENOSPC || error_number == EDQUOT) error.hint = "make room on that disk and try again";
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS)
    error.hint = "set TENANTSH_HOME to a folder that you may write, or become its owner";
  return error;
}

std::optional<std::string> read_file(fs::path const& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw io_error("read", path, errno);
  }
  std::string content;
  std::array<char, 4096> buffer;
  while (true) {
    ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) return content;
    if (got > 0)
      content.append(buffer.data(), static_cast<std::size_t>(got));
    else if (errno != EINTR)
      throw io_error("read", path, errno);
  }
}

void write_private_file(fs::path const& path, std::string const& content, std::optional<uid_t> owner) {
  fs::path temporary = path;
  temporary += ".new";
  ::unlink(temporary.c_str());  // of one who was killed here
  FileDescriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) throw io_error("write", path, errno);
  try {
    if (owner && ::fchown(file.get(), *owner, static_cast<gid_t>(-1)) != 0)
      throw io_error("write", path, errno);
    write_all(file, content, path);
    if (::fsync(file.get()) != 0) throw io_error("write", path, errno);
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw io_error("write", path, errno);
  } catch (Error const&) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.parent_path());
}

void make_folder(fs::path const& path, mode_t mode) {
  int error = ::mkdir(path.c_str(), mode) == 0 ? 0 : errno;
  if (error == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    make_folder(path.parent_path(), 0755);
    error = ::mkdir(path.c_str(), mode) == 0 ? 0 : errno;  // /proc says ENOENT however often it is asked
  }
  if (error == 0) {
    if (::chmod(path.c_str(), mode) != 0) throw io_error("make", path, errno);  // whatever the umask says
    return;
  }
  struct stat status {};
  if (error == EEXIST && ::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    error = ENOTDIR;
  }
  throw io_error("make", path, error);
}

void remove_tree(fs::path const& path) {
  std::error_code error;
  // A program that was told to end may still add and delete files in there: initdb cleans up after itself.
  for (int attempt = 0; attempt < 250; ++attempt) {
    fs::remove_all(path, error);
    if (!error) return;
    if (error != std::errc::no_such_file_or_directory && error != std::errc::directory_not_empty) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  throw io_error("delete", path, error.value());
}

}  // namespace fleet
