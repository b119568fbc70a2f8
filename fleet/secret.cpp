#include "fleet/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/process.hpp"
#include "fleet/selection.hpp"

namespace fleet {
namespace {

constexpr std::size_t longest_value = 64 * 1024;
constexpr auto kinds_hint =
    "a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT";

// "env:NAME" → {"env", "NAME"}.
std::pair<std::string_view, std::string_view> parts(std::string_view reference) {
  auto const colon = reference.find(':');
  if (colon == reference.npos) return {};
  return {reference.substr(0, colon), reference.substr(colon + 1)};
}

bool is_word(std::string_view text, std::string_view also) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || also.find(byte) != also.npos;
  });
}

std::string without_newline(std::string value) {
  if (!value.empty() && value.back() == '\n') value.pop_back();
  if (!value.empty() && value.back() == '\r') value.pop_back();
  return value;
}

std::string from_variable(std::string const& name, std::map<std::string, std::string> const& taken) {
  if (auto const found = taken.find(name); found != taken.end()) return found->second;
  auto const* const value = std::getenv(name.c_str());
  if (value == nullptr)
    throw Error(ErrorKind::not_found, fmt::format("env:{}: the variable is not set", name));
  return value;
}

class OpenFile {
 public:
  explicit OpenFile(std::string const& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(OpenFile const&) = delete;
  OpenFile& operator=(OpenFile const&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string from_file(std::string const& written) {
  auto const* const home = std::getenv("HOME");
  auto const path = written.rfind("~/", 0) == 0 && home != nullptr ? home + written.substr(1) : written;
  auto const failure = [&](std::string const& why) { return fmt::format("file:{}: {}", written, why); };
  OpenFile const file(path);
  if (file.get() < 0) {
    auto const missing = errno == ENOENT || errno == ENOTDIR;
    throw Error(missing ? ErrorKind::not_found : ErrorKind::io, failure(std::strerror(errno)));
  }
  struct stat found {};
  if (fstat(file.get(), &found) != 0) throw Error(ErrorKind::io, failure(std::strerror(errno)));
  if (S_ISDIR(found.st_mode)) throw Error(ErrorKind::io, failure("it is a folder"));
  if (S_ISREG(found.st_mode) && (found.st_mode & 0077) != 0)
    throw Error(ErrorKind::refused, failure("other users may read or change this secret"))
        .with_hint(fmt::format("chmod 600 {}", path));
  std::string value;
  std::array<char, 4096> buffer;
  for (;;) {
    auto const count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorKind::io, failure(std::strerror(errno)));
    if (count == 0) break;
    value.append(buffer.data(), static_cast<std::size_t>(count));
    if (value.size() > longest_value)
      throw Error(ErrorKind::refused, failure("more than 64 KiB is no secret"));
  }
  return value;
}

std::string from_command(std::string const& reference, std::vector<std::string> argv, std::string const& hint,
                         std::function<bool()> const& interrupted) {
  Command command;
  command.argv = std::move(argv);
  try {
    return run_checked(command, interrupted).output;
  } catch (Error& error) {
    error.message = reference + ": " + error.message;
    if (error.hint.empty()) error.hint = hint;
    throw;
  }
}

std::string from_azure(std::string const& reference, std::string_view place,
                       std::function<bool()> const& interrupted) {
  auto const slash = place.find('/');
  return from_command(
      reference,
      {"az", "keyvault", "secret", "show", "--vault-name", std::string(place.substr(0, slash)), "--name",
       std::string(place.substr(slash + 1)), "--query", "value", "-o", "tsv"},
      "the Azure CLI must be installed and logged in: az login", interrupted);
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  auto const lower = std::tolower(static_cast<unsigned char>(digit));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// How many bytes at the start of `text` spell `wanted` in an escaped way; 0 when they do not.
std::size_t escaped_length(std::string_view text, char wanted) {
  auto const hex_at = [&](std::size_t at) { return hex_value(text[at]) * 16 + hex_value(text[at + 1]); };
  auto const byte = static_cast<unsigned char>(wanted);
  if (text.size() >= 3 && text[0] == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0)
    return hex_at(1) == byte ? 3 : 0;
  if (text.size() >= 6 && text.substr(0, 4) == "\\u00" && hex_value(text[4]) >= 0 && hex_value(text[5]) >= 0)
    return hex_at(4) == byte ? 6 : 0;
  if (text.size() >= 2 && text[0] == '\\') {
    constexpr std::string_view letters = "ntrbf", meant = "\n\t\r\b\f";
    auto const named = meant.find(wanted);
    if (text[1] == wanted || (named != meant.npos && text[1] == letters[named])) return 2;
    return 0;
  }
  if ((wanted == '\'' || wanted == '"') && text.size() >= 2 && text[0] == wanted && text[1] == wanted)
    return 2;
  return 0;
}

// How many bytes at the start of `text` spell `value`, plainly or with some of it escaped; 0: none.
std::size_t spelled_length(std::string_view text, std::string_view value) {
  if (text.substr(0, value.size()) == value) return value.size();
  std::size_t at = 0;
  for (auto byte : value) {
    auto const rest = text.substr(at);
    auto const escaped = escaped_length(rest, byte);
    if (escaped == 0 && (rest.empty() || rest[0] != byte)) return 0;
    at += escaped == 0 ? 1 : escaped;
  }
  return at;
}

// False when nothing in `text` can spell `value`: the usual case, told at the speed of memory.
bool may_hold(std::string_view text, std::string_view value) {
  if (memmem(text.data(), text.size(), value.data(), value.size()) != nullptr) return true;
  if (text.find('%') != text.npos || text.find('\\') != text.npos) return true;
  auto const doubled = [&](char quote) {
    return value.find(quote) != value.npos && text.find(quote) != text.npos;
  };
  return doubled('\'') || doubled('"');
}

}  // namespace

std::vector<std::string> split_command(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool started = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const byte = text[at];
    if (byte == '\\' && quote != '\'' && at + 1 < text.size()) {
      word += text[++at];
      started = true;
    } else if (quote != 0 ? byte == quote : byte == '\'' || byte == '"') {
      quote = quote != 0 ? '\0' : byte;
      started = true;
    } else if (quote == 0 && (byte == ' ' || byte == '\t')) {
      if (started) words.push_back(std::exchange(word, {}));
      started = false;
    } else {
      word += byte;
      started = true;
    }
  }
  if (quote != 0) throw Error(ErrorKind::usage, fmt::format("a {} is not closed in the command", quote));
  if (started) words.push_back(word);
  return words;
}

Secret Secret::parse(std::string_view reference) {
  auto const refuse = [](std::string why) -> Error {
    return Error(ErrorKind::usage, std::move(why)).with_hint(kinds_hint);
  };
  auto const [kind, rest] = parts(reference);
  if (std::any_of(reference.begin(), reference.end(),
                  [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; }))
    throw refuse("a secret's reference holds a control character");
  if (kind == "env") {
    if (!is_word(rest, "_")) throw refuse("env: needs the name of a variable");
  } else if (kind == "file") {
    if (rest.empty()) throw refuse("file: needs a path");
  } else if (kind == "exec") {
    if (split_command(rest).empty()) throw refuse("exec: needs a command");
  } else if (kind == "azure") {
    auto const slash = rest.find('/');
    if (slash == rest.npos || !is_word(rest.substr(0, slash), "-") || !is_word(rest.substr(slash + 1), "-"))
      throw refuse("azure: needs VAULT/NAME");
  } else if (kind != "prompt") {
    auto const near = nearest(kind, {"env", "file", "exec", "azure", "prompt"});
    throw refuse("not a reference to a secret" + (near.empty() ? "" : "; did you mean \"" + near + ":\"?") +
                 " (the text is not shown: it may be the secret itself)");
  }
  Secret secret;
  secret.reference_ = std::string(reference);
  return secret;
}

Secrets::Secrets(Prompt prompt, bool exec_allowed, std::map<std::string, std::string> variables)
    : prompt_(std::move(prompt)), exec_allowed_(exec_allowed), variables_(std::move(variables)) {}

std::string Secrets::ask(std::string const& question) const {
  if (!prompt_)
    throw Error(ErrorKind::declined, fmt::format("prompt:{}: nobody is there to answer", question))
        .with_hint("without a terminal, name the secret by env:, file:, exec: or azure:");
  std::lock_guard const one_question(prompt_mutex_);
  return prompt_(question.empty() ? "Password" : question);
}

std::string Secrets::fetch(Secret const& secret, std::function<bool()> const& interrupted) const {
  auto const& reference = secret.reference();
  auto const [kind, rest] = parts(reference);
  if (kind == "exec" && !exec_allowed_)
    throw Error(ErrorKind::refused,
                fmt::format("{}: not run, a configuration file belongs to another user", reference))
        .with_hint("exec: secrets are allowed when every tenantsh.toml that was read is yours or root's");
  std::string value;
  if (kind == "env") {
    value = from_variable(std::string(rest), variables_);
  } else if (kind == "file") {
    value = from_file(std::string(rest));
  } else if (kind == "exec") {
    value = from_command(reference, split_command(rest), "", interrupted);
  } else if (kind == "azure") {
    value = from_azure(reference, rest, interrupted);
  } else if (kind == "prompt") {
    value = ask(std::string(rest));
  } else {
    throw Error(ErrorKind::usage, "no secret is named").with_hint(kinds_hint);
  }
  value = without_newline(std::move(value));
  if (value.empty()) {
    auto const failed_kind = kind == "exec" || kind == "azure" ? ErrorKind::tool
                             : kind == "prompt"                ? ErrorKind::declined
                                                               : ErrorKind::not_found;
    throw Error(failed_kind, reference + ": the secret is empty");
  }
  if (value.find('\0') != value.npos)
    throw Error(ErrorKind::refused, reference + ": the secret holds a NUL byte");
  return value;
}

std::string Secrets::resolve(Secret const& secret, std::function<bool()> const& interrupted) {
  std::promise<std::string> promise;
  std::shared_future<std::string> theirs;
  {
    std::lock_guard const lock(mutex_);
    auto const [entry, mine] = resolved_.try_emplace(secret.reference());
    if (mine) {
      entry->second = promise.get_future().share();
    } else {
      theirs = entry->second;
    }
  }
  if (theirs.valid()) {
    try {
      return theirs.get();
    } catch (Error const& error) {
      throw Error(error);  // a copy: each thread adds its own server and tenant
    }
  }
  try {
    auto value = fetch(secret, interrupted);
    remember(value, secret.reference());
    promise.set_value(value);
    return value;
  } catch (Error const& error) {
    forget(secret);
    promise.set_exception(std::make_exception_ptr(error));  // a copy: ours is filled in further up
    throw;
  } catch (std::exception const&) {
    forget(secret);
    promise.set_exception(std::current_exception());
    throw;
  }
}

void Secrets::remember(std::string value, std::string printed_as) {
  std::lock_guard const lock(mutex_);
  auto const same =
      std::any_of(known_.begin(), known_.end(), [&](auto const& known) { return known.value == value; });
  if (same) return;
  auto const longer = [&](Known const& known) { return known.value.size() >= value.size(); };
  auto const place = std::partition_point(known_.begin(), known_.end(), longer);
  known_.insert(place, Known{std::move(value), std::move(printed_as)});
}

void Secrets::taint(std::string value, std::string printed_as) {
  if (!value.empty()) remember(std::move(value), std::move(printed_as));
}

std::string Secrets::redact(std::string text) const {
  std::lock_guard const lock(mutex_);
  if (std::none_of(known_.begin(), known_.end(),
                   [&](Known const& known) { return may_hold(text, known.value); }))
    return text;
  std::array<bool, 256> begins{};  // bytes that the spelling of a value may begin with
  for (char const escape : {'%', '\\'}) begins[static_cast<unsigned char>(escape)] = true;
  for (Known const& known : known_) begins[static_cast<unsigned char>(known.value[0])] = true;
  auto const may_begin = [&](char byte) { return begins[static_cast<unsigned char>(byte)]; };
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    auto const next = static_cast<std::size_t>(
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), may_begin) - text.begin());
    clean.append(text, at, next - at);
    at = next;
    if (at == text.size()) break;
    auto const rest = std::string_view(text).substr(at);
    std::size_t length = 0;
    for (auto const& known : known_) {
      length = spelled_length(rest, known.value);
      if (length == 0) continue;
      clean += known.printed_as;
      break;
    }
    if (length == 0) clean += rest[0];
    at += length == 0 ? 1 : length;
  }
  return clean;
}

void Secrets::forget(Secret const& secret) {
  std::lock_guard const lock(mutex_);
  resolved_.erase(secret.reference());
}

}  // namespace fleet
