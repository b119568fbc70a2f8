#include "fleet/backup_encryption.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <optional>
#include <sstream>
#include <system_error>

#include "fleet/backup_pipe.hpp"
#include "fleet/error.hpp"
#include "fleet/private_files.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

std::string age_program() {
  if (auto const found = find_program("age")) return found->string();
  throw Error{ErrorKind::tool, "cannot encrypt or decrypt a backup: the program age is not on PATH"}
      .with_hint("apt install age");
}

bool is_key(std::string const& text) { return text.starts_with("age1") || text.starts_with("ssh-"); }

std::string trimmed(std::string const& text) {
  auto const begin = text.find_first_not_of(" \t\r");
  return begin == text.npos ? std::string{} : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// "age: error: no identity matched any of the recipients" without its prefixes and its advertisement.
std::string said_by(CommandResult const& result) {
  std::istringstream lines{result.errors};
  for (std::string line; std::getline(lines, line);) {
    for (std::string_view prefix : {"age: ", "error: "})
      if (line.starts_with(prefix)) line.erase(0, prefix.size());
    if (!line.empty()) return line;
  }
  return fmt::format("exit status {}", result.exit_code);
}

// Beside the archive there is room for it; where that may not be written, where temporary files go.
fs::path make_private_folder(fs::path const& archive) {
  int problem = 0;
  std::error_code ignored;
  for (fs::path const& parent : {fs::absolute(archive).parent_path(), fs::temp_directory_path(ignored)}) {
    std::string name = (parent / ".tenantsh-plain-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) return name;  // mode 0700
    problem = errno;
  }
  throw io_error("make a private folder beside", archive, problem);
}

void write_whole(FileDescriptor const& file, std::string_view rest, fs::path const& what) {
  while (!rest.empty()) {
    ssize_t const put = ::write(file.get(), rest.data(), rest.size());
    if (put < 0 && errno != EINTR) throw io_error("decrypt", what, errno);
    if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace

std::vector<std::string> age_recipients(std::vector<std::string> const& given, std::stop_token stop) {
  std::vector<std::string> keys;
  auto const add = [&](std::string const& key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  for (std::string const& each : given) {
    if (is_key(each)) {
      add(each);
      continue;
    }
    auto const text = read_file(each);
    if (!text)
      throw Error{ErrorKind::not_found,
                  fmt::format("recipient {} is neither a key nor a file with keys", in_quotes(each))}
          .with_hint("a key is age1… or ssh-ed25519 …; age-keygen makes one");
    std::istringstream lines{*text};
    bool holds_any = false;
    for (std::string line; std::getline(lines, line);)
      if (line = trimmed(line); !line.empty() && line[0] != '#') {
        if (line.starts_with("AGE-SECRET-KEY"))
          throw Error{ErrorKind::refused, each + " holds a secret key, not the keys of recipients"}.with_hint(
              "its public half: age-keygen -y " + each);
        add(line);
        holds_any = true;
      }
    if (!holds_any) throw Error{ErrorKind::usage, fmt::format("the file {} holds no recipient", each)};
  }
  if (keys.empty()) return keys;
  // Before hours of dumping: does age take them?
  Command command = age_encryption(keys, "/dev/null", "/dev/null");
  CommandResult const result = run(command, [&] { return stop.stop_requested(); });
  if (result.exit_code != 0)
    throw Error{ErrorKind::usage, "age does not take the recipients: " + said_by(result)}.with_hint(
        "a key is age1… or ssh-ed25519 …; age-keygen makes one");
  return keys;
}

Command age_encryption(std::vector<std::string> const& recipients, std::string const& from,
                       fs::path const& to) {
  Command command{.argv = {age_program(), "--encrypt"}, .output_file = to};
  for (std::string const& key : recipients) {
    command.argv.push_back("--recipient");
    command.argv.push_back(key);
  }
  command.argv.push_back(from);
  return command;
}

Error age_error(CommandResult const& result, std::string const& what) {
  return Error{ErrorKind::tool, fmt::format("{}: age: {}", what, said_by(result))};
}

namespace {

void decrypt(Command const& age, fs::path const& archive, std::stop_token const& stop) {
  CommandResult const result = run(age, [&] { return stop.stop_requested(); });
  if (result.exit_code == 0) return;
  std::string const said = said_by(result);
  std::string const identity = age.argv[3];
  if (said.find("no identity matched") != said.npos)
    throw Error{ErrorKind::refused,
                fmt::format("the identity file {} does not open {}", identity, archive.string())}
        .with_hint("its manifest lists the keys it was encrypted for: age_recipients");
  if (said.find("identit") != said.npos)
    throw Error{ErrorKind::refused, fmt::format("{} is no identity file: {}", identity, said)};
  throw Error{ErrorKind::failed, fmt::format("{} cannot be decrypted: {}", archive.string(), said)};
}

}  // namespace

PlainArchive::PlainArchive(fs::path archive, Manifest const& manifest, fs::path const& identity_file,
                           DumpMeans const& means)
    : PlainArchive(std::move(archive), manifest, identity_file, means.stop) {}

PlainArchive::PlainArchive(fs::path archive, Manifest const& manifest, fs::path const& identity_file,
                           std::stop_token stop)
    : path_(archive) {
  if (!manifest.encrypted()) return;
  std::string whose;
  for (std::string const& key : manifest.age_recipients) whose += (whose.empty() ? "" : ", ") + key;
  if (identity_file.empty())
    throw Error{ErrorKind::refused, fmt::format("{} is encrypted for {}", archive.string(), whose)}.with_hint(
        "identity = FILE: the file with the secret key of one of them");
  std::error_code error;
  if (!fs::exists(identity_file, error))
    throw Error{ErrorKind::refused, fmt::format("{} is encrypted, and there is no identity file {}",
                                                archive.string(), identity_file.string())};
  Command age{.argv = {age_program(), "--decrypt", "--identity", identity_file.string(), archive.string()}};
  if (manifest.format == DumpFormat::custom)
    unseal_file(age, stop);
  else
    unseal_folder(age, stop);
}

// The first bytes come when the identity has opened the header: nothing is made before. The file loses its
// name at once, so that it ends with us however we end.
void PlainArchive::unseal_file(Command age, std::stop_token const& stop) {
  fs::path const archive = path_;
  age.sink = [&](std::string_view piece) {
    if (!file_) {
      fs::path const folder = make_private_folder(archive), named = folder / "archive";
      file_ = FileDescriptor{::open(named.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
      int const problem = errno;
      remove_tree(folder);
      if (!file_) throw io_error("decrypt", archive, problem);
    }
    write_whole(file_, piece, archive);
  };
  decrypt(age, archive, stop);
  path_ = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get());
}

void PlainArchive::unseal_folder(Command age, std::stop_token const& stop) {
  fs::path const archive = path_;
  std::optional<FedProgram> tar;
  age.sink = [&](std::string_view piece) {
    if (!tar) {
      folder_ = make_private_folder(archive);
      tar.emplace(
          [&](std::string const& from) {
            return Command{.argv = {"tar", "--extract", "--no-same-owner", "--directory=" + folder_.string(),
                                    "--file=" + from}};
          },
          stop);
    }
    tar->write(piece);
  };
  try {
    decrypt(age, archive, stop);
    CommandResult const result = tar->finish();
    path_.clear();
    for (fs::path const& entry : fs::directory_iterator{folder_})
      if (fs::is_directory(entry)) path_ = entry;
    if (result.exit_code != 0 || path_.empty())
      throw Error{ErrorKind::failed, fmt::format("{} holds no folder of a dump", archive.string())}
          .with_detail(result.errors);
  } catch (Error const&) {
    tar.reset();
    if (!folder_.empty()) remove_tree(folder_);  // no destructor runs
    throw;
  }
}

PlainArchive::~PlainArchive() {
  if (folder_.empty()) return;
  try {
    remove_tree(folder_);
  } catch (Error const&) {  // its mode keeps others out
  }
}

}  // namespace fleet
