#include "scripting/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "scripting/check_script.hpp"
#include "scripting/runbook_file.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

constexpr std::uintmax_t largest_script = 16 * 1024 * 1024;

struct NamedFile {
  std::string name;  // as the operator wrote it
  std::filesystem::path path;
};

// A path, else the name of a shipped runbook.
NamedFile find_file(World& world, std::string const& name) {
  std::error_code code;
  if (std::filesystem::is_directory(name, code))
    throw Error{ErrorKind::usage, fmt::format("{} is a folder", name)}.with_hint(
        fmt::format("name the files: tenantsh check {}{}*.lua", name, name.ends_with('/') ? "" : "/"));
  if (!std::filesystem::exists(name, code)) {
    bool const is_path = name.find('/') != std::string::npos || name.ends_with(".lua");
    auto const shipped = world.shipped / "runbooks" / (name + ".lua");
    if (!is_path && !name.empty() && std::filesystem::is_regular_file(shipped, code))
      return {shipped.string(), shipped};
    std::string const near = is_path ? "" : fleet::nearest(name, shipped_runbooks(world));
    throw Error{ErrorKind::not_found, fmt::format("there is no file {}", name)}.with_hint(
        near.empty() ? "" : fmt::format("did you mean the shipped runbook {}?", near));
  }
  if (!std::filesystem::is_regular_file(name, code))
    throw Error{ErrorKind::usage, fmt::format("{} is no regular file", name)};
  if (std::filesystem::file_size(name, code) > largest_script)
    throw Error{ErrorKind::usage, fmt::format("{} is larger than 16 MiB: that is no script", name)};
  return {name, name};
}

std::string read_text(std::filesystem::path const& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file fails the second way.
    std::error_code code;
    if (!in || std::filesystem::file_size(path, code) != 0)
      throw Error{ErrorKind::not_found, fmt::format("cannot read {}", path.string())};
  }
  return text.str();
}

// Restores the height of the stack: a declaration that throws leaves values behind.
struct Balance {
  lua_State* lua;
  int top = lua_gettop(lua);
  ~Balance() { lua_settop(lua, top); }
};

// "name.lua:12: what" → 12 and "what"; line 0 when it does not begin so.
std::pair<int, std::string> split_message(std::string const& message, std::string const& chunk) {
  if (!message.starts_with(chunk + ":")) return {0, message};
  char const* begin = message.data() + chunk.size() + 1;
  int line = 0;
  auto const [end, error] = std::from_chars(begin, message.data() + message.size(), line);
  if (error != std::errc{} || end == message.data() + message.size() || *end != ':') return {0, message};
  std::string rest{end + 1};
  return {line, rest.starts_with(' ') ? rest.substr(1) : rest};
}

// False, with a finding, for text that Lua does not compile.
bool compiles(lua_State* lua, std::string const& source, Findings& findings) {
  Balance const balance{lua};
  try {
    push_chunk(lua, source, "chunk");
    return true;
  } catch (Error const& error) {
    auto const [line, message] = split_message(error.message, "chunk");
    bool const deep = message == "C stack overflow" || message.ends_with("too many C levels (limit is 200)");
    findings.error({line, 0}, "syntax-error", message,
                   deep ? "brackets or blocks are nested deeper than Lua's limit of 200"
                        : "Lua does not compile this file: nothing of it would run");
    return false;
  }
}

bool declares(Syntax const& syntax) {
  for (Node const& node : syntax.nodes)
    if (node.kind == NodeKind::call)
      for (char const* word : {"runbook", "section", "step"})
        if (syntax.is_global(node.children[0], word)) return true;
  return false;
}

// The table on top of the stack: its names, and those of the libraries in it.
void read_globals(lua_State* lua, Script& script) {
  int const table = lua_gettop(lua);
  auto const names_at = [&](int index, auto const& visit) {
    lua_pushnil(lua);
    while (lua_next(lua, index) != 0) {
      if (lua_type(lua, -2) == LUA_TSTRING) visit(std::string{lua_tostring(lua, -2)});
      lua_pop(lua, 1);
    }
  };
  names_at(table, [&](std::string const& name) { script.globals.insert(name); });
  for (char const* library : {"string", "table", "math", "utf8", "coroutine", "os"}) {
    lua_pushstring(lua, library);
    if (lua_rawget(lua, table) == LUA_TTABLE) {
      auto& members = script.libraries[library];
      names_at(lua_gettop(lua), [&](std::string name) { members.push_back(std::move(name)); });
      std::sort(members.begin(), members.end());
    }
    lua_pop(lua, 1);
  }
}

void take_globals(lua_State* lua, Script& script) {
  Balance const balance{lua};
  if (script.is_runbook)
    push_runbook_environment(lua);
  else
    lua_pushglobaltable(lua);
  read_globals(lua, script);
  if (script.is_runbook)
    for (std::string const& word : declaring_words()) script.globals.insert(word);
  else
    script.globals.insert("arg");
}

// What loading refuses, where it was raised. Nothing of the file is executed but its declarations.
std::optional<Error> declare(lua_State* lua, std::filesystem::path const& path, Reach reach, Script& script) {
  Balance const balance{lua};
  state_of(lua).raised_at.clear();
  try {
    script.loaded =
        load_runbook(lua, path, reach == Reach::online ? Purpose::checking : Purpose::checking_offline);
    return std::nullopt;
  } catch (Error const& error) {
    if (error.kind == ErrorKind::interrupted) throw;
    return error;
  }
}

void add_declaration(lua_State* lua, std::filesystem::path const& path, Error const& error,
                     Findings& findings) {
  std::string const chunk = path.filename().string();
  auto [line, message] = split_message(error.message, chunk);
  if (line == 0) line = split_message(state_of(lua).raised_at + ":", chunk).first;
  // The rules above say the same of their line, and more.
  if (line > 0 && findings.any_in_line(line)) return;
  findings.error({line, 0}, "declaration", message,
                 error.hint.empty() ? "the runbook cannot be loaded before this is right" : error.hint);
}

// Which of the named tenants and servers there are: one read of the registry, when anything is named.
struct Registered {
  bool tried = false, known = false;
  std::vector<std::string> tenants, servers;

  void read(World& world, Reach reach, std::vector<std::string>& notes) {
    if (tried) return;
    tried = true;
    if (reach == Reach::offline) return;
    try {
      for (auto const& server : world.fleet.servers()) servers.push_back(server.name);
      for (auto const& tenant : world.fleet.tenants()) tenants.push_back(tenant.slug);
      known = true;
    } catch (Error const& error) {
      if (error.kind == ErrorKind::interrupted) throw;
      notes.push_back(
          fmt::format("not checked whether the named tenants and servers exist: {}", error.message));
    }
  }
};

void check_members(Registered const& registered, std::vector<NamedMember> const& named, Findings& findings) {
  if (!registered.known) return;
  for (NamedMember const& member : named) {
    auto const& known = member.server ? registered.servers : registered.tenants;
    if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
    std::string const what = member.server ? "server" : "tenant";
    findings.error(member.at, "unknown-" + what, fmt::format("there is no {} \"{}\"", what, member.name),
                   suggestion(member.name, known, "", fmt::format("tenantsh {}s list shows them", what)));
  }
}

void check_file(World& world, NamedFile const& file, Reach reach, Registered& registered,
                CheckReport& report) {
  Findings findings{file.name, report.findings};
  lua_State* lua = world.lua;
  Script script{.file = file.name, .source = read_text(file.path)};
  if (!compiles(lua, script.source, findings)) return;
  auto syntax = read_lua(script.source);
  if (!syntax) {
    report.notes.push_back(file.name + " compiles, but it is nested too deeply to be read further");
    return;
  }
  script.syntax = std::move(*syntax);
  script.registry = &state_of(lua).registry;
  script.is_runbook = declares(script.syntax);
  std::optional<Error> refused;
  if (script.is_runbook) refused = declare(lua, file.path, reach, script);
  std::string const raised_at = state_of(lua).raised_at;
  take_globals(lua, script);
  understand(script);
  check_declarations(script, findings);
  check_inputs(script, findings);
  check_names(script, findings);
  check_sql(script, findings);
  if (auto const named = named_members(script); !named.empty()) {
    registered.read(world, reach, report.notes);
    check_members(registered, named, findings);
  }
  state_of(lua).raised_at = raised_at;
  if (refused) add_declaration(lua, file.path, *refused, findings);
}

}  // namespace

std::string_view to_string(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

CheckReport check_files(World& world, std::vector<std::string> const& files, Reach reach) {
  std::vector<NamedFile> found;
  for (std::string const& name : files) found.push_back(find_file(world, name));
  CheckReport report;
  Registered registered;
  for (NamedFile const& file : found) {
    if (world.interrupt.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
    auto const first = static_cast<std::ptrdiff_t>(report.findings.size());
    check_file(world, file, reach, registered, report);
    std::stable_sort(
        report.findings.begin() + first, report.findings.end(),
        [](Finding const& left, Finding const& right) {
          return std::pair{left.at.line, left.at.column} < std::pair{right.at.line, right.at.column};
        });
  }
  return report;
}

std::string finding_text(Finding const& finding) {
  std::string text = finding.file;
  if (finding.at.line > 0) text += fmt::format(":{}", finding.at.line);
  if (finding.at.column > 0) text += fmt::format(":{}", finding.at.column);
  text += fmt::format(": {}: {} [{}]\n", to_string(finding.severity), finding.message, finding.rule);
  if (!finding.hint.empty()) text += fmt::format("  hint: {}\n", finding.hint);
  return text;
}

}  // namespace scripting
