#include "shell/completion.hpp"

#include <algorithm>
#include <filesystem>

#include "scripting/members.hpp"
#include "shell/entry_context.hpp"
#include "shell/prompt_commands.hpp"

namespace shell {
namespace {

using scripting::Type;

// Keeps those that begin as what was typed.
class Offer {
 public:
  Offer(std::string_view text, std::size_t begin, std::size_t cursor)
      : typed_(text.substr(begin, cursor - begin)), found_{begin, {}} {}

  void add(std::string const& word, std::string brief = {}, std::string const& tail = {}) {
    if (word.starts_with(typed_)) found_.all.push_back({word + tail, std::move(brief)});
  }
  void add_all(std::vector<std::string> const& words, std::string const& tail = {}) {
    for (std::string const& word : words) add(word, {}, tail);
  }
  Candidates take() { return std::move(found_); }

 private:
  std::string typed_;
  Candidates found_;
};

Candidates files(std::string_view text, std::size_t begin, std::size_t cursor) {
  namespace fs = std::filesystem;
  std::string const typed{text.substr(begin, cursor - begin)};
  std::size_t const slash = typed.rfind('/');
  fs::path const folder = slash == typed.npos ? fs::path{"."} : fs::path{typed.substr(0, slash + 1)};
  Offer offer{text, begin, cursor};
  std::error_code error;
  int count = 0;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end && count < 2000;
       entry.increment(error)) {
    std::string const name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    ++count;
    offer.add((slash == typed.npos ? "" : typed.substr(0, slash + 1)) + name +
              (entry->is_directory(error) ? "/" : ""));
  }
  Candidates found = offer.take();
  std::sort(found.all.begin(), found.all.end(), [](auto const& a, auto const& b) { return a.text < b.text; });
  return found;
}

Candidates selections(PromptSession& session, std::string_view text, std::size_t begin, std::size_t cursor) {
  Offer offer{text, begin, cursor};
  offer.add("all", "every active and read_only tenant");
  for (char const* key : {"status=", "server=", "region=", "placement=", "slug=", "database="})
    offer.add(key, "tenants with that value");
  for (std::string const& slug : session.slugs()) offer.add(slug);
  return offer.take();
}

Candidates topics(PromptSession& session, std::string_view text, std::size_t begin, std::size_t cursor) {
  Offer offer{text, begin, cursor};
  for (auto const& object : session.workplace().registry().objects()) offer.add(object.name, object.brief);
  for (auto const& method : session.workplace().registry().all())
    offer.add(method.object + "." + method.name);
  return offer.take();
}

Candidates sql_part(PromptSession& session, std::string_view text, std::size_t begin, std::size_t cursor) {
  Candidates found = sql_candidates(text.substr(begin), cursor - begin, session.tables());
  found.begin += begin;
  return found;
}

Candidates command(PromptSession& session, std::string_view text, std::size_t cursor) {
  std::size_t const space = std::min(text.find(' '), text.size());
  if (cursor <= space) {
    Offer offer{text, 0, cursor};
    for (PromptCommand const& known : prompt_commands())
      offer.add(std::string{"\\"} + known.name, known.brief);
    return offer.take();
  }
  std::string const word{text.substr(1, space - 1)};
  std::size_t const begin = text.rfind(' ', cursor - 1) + 1;
  PromptCommand const* known = find_prompt_command(word);
  if (known == nullptr) return {cursor, {}};
  switch (known->takes) {
    case CommandTakes::selection: {
      Candidates found = selections(session, text, begin, cursor);
      if (std::string_view{"master"}.starts_with(text.substr(begin, cursor - begin)))
        found.all.push_back({"master", "the control-plane database"});
      return found;
    }
    case CommandTakes::sql: return sql_part(session, text, space + 1, cursor);
    case CommandTakes::table: {
      Offer offer{text, begin, cursor};
      for (TableName const& table : session.tables())
        offer.add(table.visible ? table.name : table.schema + "." + table.name);
      return offer.take();
    }
    case CommandTakes::file: return files(text, begin, cursor);
    case CommandTakes::topic: {
      Offer offer{text, begin, cursor};
      for (auto const& object : session.workplace().registry().objects())
        offer.add(object.name, object.brief);
      for (auto const& method : session.workplace().registry().all())
        offer.add(method.object + "." + method.name);
      return offer.take();
    }
    case CommandTakes::nothing: break;
  }
  return {cursor, {}};
}

scripting::Parameter const* parameter_of(scripting::Method const& method, std::string const& key,
                                         int position) {
  for (scripting::Parameter const& parameter : method.parameters) {
    if (!key.empty() ? parameter.name == key : parameter.positional && position-- == 0) return &parameter;
  }
  return nullptr;
}

// Of the set that the entry names, else of the shipped one.
std::vector<std::string> migration_names(PromptSession& session, std::string_view text) {
  namespace fs = std::filesystem;
  fs::path folder = session.workplace().world().shipped / "migrations" /
                    (text.find("\"master\"") == text.npos ? "tenant" : "master");
  constexpr std::string_view key = "set = \"";
  if (std::size_t const at = text.find(key); at != text.npos)
    folder = text.substr(at + key.size(), text.find('"', at + key.size()) - at - key.size());
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name[0] >= '0' && name[0] <= '9' && name.find(".down.") == name.npos)
      names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Candidates in_string(PromptSession& session, std::string_view text, std::size_t cursor,
                     EntryContext const& context) {
  std::string_view const inside = text.substr(context.string, cursor - context.string);
  if (begins_like_sql(inside)) return sql_part(session, text, context.string, cursor);
  if (context.bracket == '[' && (context.called == "tenants" || context.called == "servers")) {
    Offer offer{text, context.string, cursor};
    offer.add_all(context.called == "tenants" ? session.slugs() : session.server_names());
    return offer.take();
  }
  if (context.called == "help") return topics(session, text, context.string, cursor);
  scripting::Method const* method =
      context.called.empty() ? nullptr
                             : scripting::method_named(session.workplace().interpreter(), context.called);
  scripting::Parameter const* wanted =
      method ? parameter_of(*method, context.key, context.argument) : nullptr;
  if (wanted == nullptr) return {cursor, {}};
  Offer offer{text, context.string, cursor};
  switch (wanted->type) {
    case Type::tenant: offer.add_all(session.slugs()); break;
    case Type::server: offer.add_all(session.server_names()); break;
    case Type::selection: return selections(session, text, context.string, cursor);
    case Type::path: return files(text, context.string, cursor);
    default: {
      if (wanted->name == "sql") return sql_part(session, text, context.string, cursor);
      bool const file = wanted->name == "names" || wanted->name == "until" || wanted->name == "version";
      if (file && (method->object == "migrations" || method->object == "seeds" || method->name == "migrate"))
        offer.add_all(migration_names(session, text));
    }
  }
  return offer.take();
}

Candidates in_lua(PromptSession& session, std::string_view text, std::size_t cursor) {
  EntryContext const context = context_at(text, cursor);
  if (context.in_comment) return {cursor, {}};
  if (context.in_string) return in_string(session, text, cursor, context);
  scripting::Interpreter& interpreter = session.workplace().interpreter();
  Offer offer{text, context.word, cursor};
  if (!context.chain.empty()) {
    bool const colon = context.before_word == ':';
    std::vector<scripting::Member> const members = scripting::members(interpreter, context.chain);
    for (scripting::Member const& member : members)
      if (!colon || member.method || member.brief.empty()) offer.add(member.name, member.brief);
    if (!colon && context.chain == "tenants") offer.add_all(session.slugs());
    return offer.take();
  }
  bool const at_argument =
      context.before_word == '{' || context.before_word == ',' || context.before_word == '(';
  if (context.bracket == '{' && at_argument && !context.called.empty()) {
    if (scripting::Method const* method = scripting::method_named(interpreter, context.called)) {
      for (scripting::Parameter const& parameter : method->parameters)
        offer.add(parameter.name, parameter.brief, " = ");
      if (method->effect != scripting::Effect::read) {
        offer.add("plan", "true: say what it would do", " = ");
        offer.add("reason", "why, for the audit", " = ");
      }
      Candidates found = offer.take();
      if (!found.all.empty()) return found;
    }
  }
  for (scripting::Member const& member : scripting::members(interpreter, ""))
    offer.add(member.name, member.brief);
  // At the beginning an entry may be SQL as well.
  if (context.word == 0)
    for (char const* verb : {"select", "with", "insert into", "update", "delete from", "explain"})
      offer.add(verb);
  return offer.take();
}

}  // namespace

Candidates candidates_for(PromptSession& session, std::string_view text, std::size_t cursor) {
  switch (session.language(text)) {
    case Language::command: return command(session, text, cursor);
    case Language::sql: return sql_part(session, text, 0, cursor);
    case Language::lua: break;
  }
  return in_lua(session, text, cursor);
}

}  // namespace shell
