#include "fleet/socket_folder.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>

#include "fleet/cluster.hpp"
#include "fleet/error.hpp"
#include "fleet/private_files.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

// FNV-1a, eight hexadecimal digits.
std::string hash(std::string const& text) {
  std::uint32_t value = 2166136261U;
  for (char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", value);
  return digits;
}

// /run/user/0 is closed to the user postgres.
bool has_runtime_folder(fs::path const& folder) {
  struct stat status {};
  return ::geteuid() != 0 && ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && ::access(folder.c_str(), W_OK | X_OK) == 0;
}

}  // namespace

fs::path default_socket_folder(fs::path const& home) {
  std::string user = std::to_string(::geteuid());
  fs::path runtime = "/run/user/" + user;
  std::string name = hash(home.string());
  return has_runtime_folder(runtime) ? runtime / ("tenantsh-" + name)
                                     : fs::path{"/tmp/tenantsh-" + user + "-" + name};
}

void secure_socket_folder(fs::path const& folder) {
  uid_t owner = server_uid();
  if (::mkdir(folder.c_str(), 0700) == 0) {
    if (owner != ::geteuid() && ::lchown(folder.c_str(), owner, static_cast<gid_t>(-1)) != 0)
      throw io_error("make", folder, errno);
  } else if (errno != EEXIST) {
    throw io_error("make", folder, errno);
  }
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) throw io_error("read", folder, errno);
  auto refuse = [&folder](std::string const& why) {
    return Error{ErrorKind::refused, "the socket folder " + folder.string() + " " + why}.with_hint(
        "find out who made it, delete it and try again");
  };
  if (!S_ISDIR(status.st_mode)) throw refuse("is not a folder");
  // Root's own: mkdir succeeded in a run that was killed before it gave the folder away.
  bool half_made = owner != ::geteuid() && status.st_uid == ::geteuid();
  if (status.st_uid != owner && !half_made)
    throw refuse("belongs to another user (uid " + std::to_string(status.st_uid) + ")");
  if (half_made && ::lchown(folder.c_str(), owner, static_cast<gid_t>(-1)) != 0)
    throw io_error("make", folder, errno);
  if ((status.st_mode & 07777) != 0700 && ::chmod(folder.c_str(), 0700) != 0)
    throw io_error("make", folder, errno);
}

fs::path socket_path(fs::path const& folder, int port) {
  constexpr std::size_t longest = sizeof sockaddr_un{}.sun_path - 1;
  fs::path path = folder / (".s.PGSQL." + std::to_string(port));
  std::size_t length = path.string().size();
  if (length > longest)
    throw Error{ErrorKind::config, "the socket path " + path.string() + " is " + std::to_string(length) +
                                       " bytes long; the system takes " + std::to_string(longest)}
        .with_hint("choose a shorter socket folder");
  return path;
}

}  // namespace fleet
