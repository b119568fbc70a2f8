#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shell/highlight.hpp"
#include "shell/history.hpp"
#include "shell/prefetched.hpp"
#include "shell/table_names.hpp"
#include "shell/workplace.hpp"

namespace shell {

// Where SQL at the prompt goes.
struct Scope {
  bool master = false;
  fleet::Selection tenants = fleet::Selection::all();
  std::string text() const { return master ? "master" : tenants.text(); }
  // Exactly one tenant, named by its slug; else "".
  std::string slug() const;
};

// What a person at the prompt has chosen and did last: the scope, how answers are shown, the last answer.
class PromptSession {
 public:
  explicit PromptSession(Workplace& workplace);

  Workplace& workplace() { return workplace_; }
  Scope const& scope() const { return scope_; }
  // Error{not_found} for a slug that does not exist, Error{usage} for what is no selection; asks the
  // registry.
  void use(std::string const& text);

  Language language(std::string_view text);
  // Runs Lua or SQL, prints what it gives and remembers it. Errors go up.
  void run(std::string const& entry);
  // The same on the scope, whatever it begins with.
  void run_sql(std::string const& sql);
  std::optional<scripting::Answer> const& last() const { return last_; }
  std::string const& last_entry() const { return last_entry_; }
  void print(scripting::Answer const& answer);
  // What `write` writes, in a pager when it is taller than the screen.
  void show(std::function<void()> const& write);

  bool timing = false;
  bool paging = true;
  bool leaving = false;    // \\q
  std::string next_entry;  // what the next entry begins with: \\edit

  // What completion and colours go by; they wait no longer than 50 ms (what is not known by then is left
  // out).
  std::set<std::string> const& globals();
  std::vector<std::string> slugs();
  std::vector<std::string> server_names();
  std::vector<TableName> tables();
  // Before an entry runs: nothing is asked behind its back.
  void settle();

  // nullptr until the first entry: a history that cannot be kept must not keep anybody from working.
  History* history();
  // The prompt: environment, whether writing is possible, scope. `place`: of a nested one.
  std::string prompt(std::string const& place, bool coloured);
  // A method of the registry, through its guard.
  scripting::Answer call(char const* object, char const* method, scripting::Arguments const& arguments);

 private:
  Workplace& workplace_;
  Scope scope_;
  std::optional<scripting::Answer> last_;
  std::string last_entry_;
  std::set<std::string> globals_;
  std::unique_ptr<Prefetched<std::vector<std::string>>> slugs_, servers_;
  std::unique_ptr<Prefetched<std::vector<TableName>>> tables_;
  std::unique_ptr<History> history_;
  bool history_failed_ = false;
};

}  // namespace shell
