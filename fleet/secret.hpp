#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// A secret's reference: `env:NAME`, `file:PATH`, `exec:COMMAND ARG…`, `azure:VAULT/NAME`, `prompt:TEXT`.
// Holds no value: it can be printed, journalled and compared. The value exists only inside Secrets::resolve's
// return value, for as long as the caller needs it.
class Secret {
 public:
  Secret() = default;
  // Throws Error{usage} naming the known kinds when `reference` is none of them.
  static Secret parse(std::string_view reference);

  bool empty() const { return reference_.empty(); }
  std::string const& reference() const { return reference_; }
  bool operator==(Secret const&) const = default;

 private:
  std::string reference_;
};

// Resolves references at use and remembers every value it handed out, so that `redact` can put the reference
// back into any text that goes to a screen, a journal or an error. Thread-safe.
class Secrets {
 public:
  using Prompt = std::function<std::string(std::string const& question)>;

  // `prompt` asks the person at the terminal without echo; empty means nobody is there.
  // `exec_allowed` is false when the configuration comes from a file that the user does not own.
  explicit Secrets(Prompt prompt = {}, bool exec_allowed = true);

  // The value, without one trailing newline. Resolved once per reference and process.
  // Errors: not_found (variable unset, file missing), tool (command failed), declined (prompt without a
  // person), refused (exec: not allowed; a secret file readable by others).
  std::string resolve(Secret const& secret);

  // Marks a value that did not come from a reference (one made up for a new role) as secret.
  void taint(std::string value, std::string printed_as);

  // `text` with every known value replaced by its reference. Values shorter than 4 bytes are replaced too.
  std::string redact(std::string text) const;

  // Forgets the value of one reference (the file was rewritten); redaction goes on.
  void forget(Secret const& secret);

 private:
  struct Known {
    std::string value;
    std::string printed_as;
    bool current = true;  // false: only for redaction
  };
  std::string fetch(Secret const& secret) const;

  Prompt prompt_;
  bool exec_allowed_;
  mutable std::mutex mutex_;
  std::vector<Known> known_;
};

}  // namespace fleet
