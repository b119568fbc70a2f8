#pragma once

#include <functional>
#include <future>
#include <map>
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
  // Throws Error{usage} naming the known kinds when `reference` is none of them. The message does not show
  // the text: it may be the password itself.
  static Secret parse(std::string_view reference);

  bool empty() const { return reference_.empty(); }
  std::string const& reference() const { return reference_; }
  bool operator==(Secret const&) const = default;

 private:
  std::string reference_;
};

// `exec:` arguments: split at blanks; '…' keeps everything, "…" and \ keep the next character; no shell.
// Throws Error{usage} for an open quote.
std::vector<std::string> split_command(std::string_view text);

// Resolves references at use and remembers every value it handed out, so that `redact` can put the reference
// back into any text that goes to a screen, a journal or an error. Thread-safe; several threads that want the
// same reference wait for one fetch and share its failure.
class Secrets {
 public:
  using Prompt = std::function<std::string(std::string const& question)>;

  // `prompt` asks the person at the terminal without echo, on the thread that resolves, one question at a
  // time; empty means nobody is there.
  // `exec_allowed` is false when the configuration comes from a file that the user does not own. `variables`
  // are those taken out of the environment (take_postgres_variables): env:PGPASSWORD still finds its value.
  explicit Secrets(Prompt prompt = {}, bool exec_allowed = true,
                   std::map<std::string, std::string> variables = {});

  // The value, without one trailing newline. Resolved once per reference and process.
  // Errors: not_found (variable unset, file missing), tool (command failed), declined (prompt without a
  // person), refused (exec: not allowed; a secret file readable by others), io (unreadable file). An empty
  // value is as good as none; one with a NUL byte is refused. `interrupted`: as for fleet::run(), ends the
  // command of exec: and azure:.
  std::string resolve(Secret const& secret, std::function<bool()> const& interrupted = {});

  // Marks a value that did not come from a reference (one made up for a new role) as secret.
  void taint(std::string value, std::string printed_as);

  // `text` with every known value replaced by its reference, also where the value is percent-encoded (a URI),
  // backslash-escaped (libpq, JSON) or has its quotes doubled (SQL). Short values are replaced too.
  std::string redact(std::string text) const;

  // Forgets the value of one reference (the file was rewritten); redaction goes on.
  void forget(Secret const& secret);

 private:
  struct Known {
    std::string value;
    std::string printed_as;
  };
  std::string fetch(Secret const& secret, std::function<bool()> const& interrupted) const;
  std::string ask(std::string const& question) const;
  void remember(std::string value, std::string printed_as);

  Prompt prompt_;
  bool exec_allowed_;
  std::map<std::string, std::string> variables_;
  mutable std::mutex prompt_mutex_;
  mutable std::mutex mutex_;                                         // of what follows
  std::map<std::string, std::shared_future<std::string>> resolved_;  // by reference; may be under way
  std::vector<Known> known_;                                         // longest value first
};

}  // namespace fleet
