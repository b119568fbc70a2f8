#include "shell/edit_file.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "fleet/error.hpp"
#include "fleet/private_files.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;

// A file of its own folder, both gone at the end.
class PrivateFile {
 public:
  PrivateFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenantsh-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw fleet::io_error("make", pattern, errno);
    folder_ = pattern;
  }
  ~PrivateFile() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  PrivateFile(PrivateFile const&) = delete;
  PrivateFile& operator=(PrivateFile const&) = delete;
  // Editors colour by the ending.
  std::filesystem::path path() const { return folder_ / "entry.lua"; }

 private:
  std::filesystem::path folder_;
};

std::string editor() {
  for (char const* name : {"VISUAL", "EDITOR"})
    if (char const* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "vi";
}

}  // namespace

std::string edit_text(std::string const& text) {
  PrivateFile const file;
  fleet::write_private_file(file.path(), text.ends_with('\n') ? text : text + "\n");
  // Through a shell: $EDITOR may hold options.
  std::string const command = editor() + " '" + file.path().string() + "'";
  int const status = std::system(command.c_str());
  if (status != 0)
    throw Error{ErrorKind::tool,
                "the editor failed: " + command +
                    (WIFEXITED(status) ? " (exit " + std::to_string(WEXITSTATUS(status)) + ")" : "")}
        .with_hint("set EDITOR to one that is installed");
  std::string edited = fleet::read_file(file.path()).value_or("");
  while (edited.ends_with('\n') || edited.ends_with('\r')) edited.pop_back();
  return edited;
}

}  // namespace shell
