#include "scripting/members.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

// What is known of a value without having it: an object of the registry, and for `tenants` and `servers`
// whether it is one of them.
struct Known {
  std::string object;
  Receiver receiver = Receiver::collection;
};

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Behind the bracket that closes the one at `at`; strings inside are skipped.
std::size_t closed(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    char const c = text[i];
    if (c == '"' || c == '\'') {
      std::size_t const end = text.find(c, i + 1);
      if (end == text.npos) return text.size();
      i = end;
    } else if (c == '(' || c == '{' || c == '[') {
      ++depth;
    } else if ((c == ')' || c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

// One link: ".name", ":name", "[…]", "(…)" and what is called without parentheses: "{…}", a string.
struct Link {
  char kind;  // '.', ':', '[', '('
  std::string text;
};

std::vector<Link> links_of(std::string_view chain) {
  std::vector<Link> links;
  for (std::size_t at = 0; at < chain.size();) {
    char const c = chain[at];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++at;
    } else if (c == '.' || c == ':' || is_name(c)) {
      std::size_t const begin = is_name(c) ? at : at + 1;
      std::size_t end = begin;
      while (end < chain.size() && is_name(chain[end])) ++end;
      links.push_back({c == ':' ? ':' : '.', std::string{chain.substr(begin, end - begin)}});
      at = std::max(end, at + 1);
    } else if (c == '[' || c == '(' || c == '{') {
      std::size_t const end = closed(chain, at);
      links.push_back({c == '[' ? '[' : '(', std::string{chain.substr(at, end - at)}});
      at = end;
    } else if (c == '"' || c == '\'') {
      std::size_t const end = std::min(chain.find(c, at + 1), chain.size() - 1) + 1;
      links.push_back({'(', std::string{chain.substr(at, end - at)}});
      at = end;
    } else {
      return {};
    }
  }
  return links;
}

std::optional<Known> known_value(lua_State* lua, int index) {
  if (auto* singleton = test_object<Singleton>(lua, index)) return Known{singleton->object->name};
  if (test_object<Tenants>(lua, index)) return Known{"tenants"};
  if (test_object<TenantRef>(lua, index)) return Known{"tenants", Receiver::member};
  if (test_object<Servers>(lua, index)) return Known{"servers"};
  if (test_object<ServerRef>(lua, index)) return Known{"servers", Receiver::member};
  if (test_object<ResultHandle>(lua, index)) return Known{"result"};
  return std::nullopt;
}

// "result: tenant, …" → result; "tenants" → tenants; "tenant" → one of them.
std::optional<Known> returned(Registry const& registry, Method const& method) {
  std::string word = method.returns.substr(0, method.returns.find_first_of(" :,;."));
  if (word == "tenant") return Known{"tenants", Receiver::member};
  if (word == "server") return Known{"servers", Receiver::member};
  if (registry.find_object(word)) return Known{word};
  return std::nullopt;
}

// Follows a chain: first over values that are there, then over what the registry says.
class Walk {
 public:
  Walk(lua_State* lua, Registry const& registry) : lua_(lua), registry_(registry), top_(lua_gettop(lua)) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  }
  ~Walk() { lua_settop(lua_, top_); }
  Walk(Walk const&) = delete;
  Walk& operator=(Walk const&) = delete;

  bool follow(std::vector<Link> const& links) {
    for (Link const& link : links)
      if (!step(link)) return false;
    return true;
  }
  bool has_value() const { return !known_ && lua_istable(lua_, -1); }
  std::optional<Known> const& known() const { return known_; }
  Method const* method() const { return method_; }

 private:
  bool step(Link const& link) {
    Method const* called = std::exchange(method_, nullptr);
    if (called) {
      if (link.kind != '(') return false;
      known_ = returned(registry_, *called);
      return known_.has_value();
    }
    if (known_) return member(link);
    if (!lua_istable(lua_, -1) || link.kind == '(') return false;
    if (link.kind == '[') return false;
    lua_pushlstring(lua_, link.text.data(), link.text.size());
    lua_rawget(lua_, -2);
    known_ = known_value(lua_, -1);
    return known_ || lua_istable(lua_, -1);
  }

  bool member(Link const& link) {
    Known& now = *known_;
    if (link.kind == '(') {  // sql"…", tenants{…}
      Object const* object = registry_.find_object(now.object);
      Method const* meant =
          object && !object->call.empty() ? registry_.find(now.object, object->call) : nullptr;
      if (!meant) return false;
      known_ = returned(registry_, *meant);
      return known_.has_value();
    }
    if (link.kind != '[')
      if ((method_ = registry_.find(now.object, link.text))) return true;
    if (now.receiver == Receiver::collection && (now.object == "tenants" || now.object == "servers")) {
      if (link.text.find_first_of("*?") == std::string::npos) now.receiver = Receiver::member;
      return true;
    }
    return false;
  }

  lua_State* lua_;
  Registry const& registry_;
  int top_;
  std::optional<Known> known_;
  Method const* method_ = nullptr;
};

std::string headline(std::string const& brief) { return brief.substr(0, brief.find(". ")); }

std::vector<Member> members_of_table(lua_State* lua, Registry const& registry, bool globals) {
  std::vector<Member> found;
  lua_pushnil(lua);
  while (lua_next(lua, -2)) {
    lua_pop(lua, 1);
    if (lua_type(lua, -1) != LUA_TSTRING) continue;
    Member member{lua_tostring(lua, -1)};
    if (Object const* object = globals ? registry.find_object(member.name) : nullptr)
      member.brief = object->brief;
    if (Method const* word = globals && member.brief.empty() ? registry.find("shell", member.name) : nullptr)
      member.brief = headline(word->brief);
    found.push_back(std::move(member));
  }
  return found;
}

std::vector<Member> members_of(Registry const& registry, Known const& known) {
  std::vector<Member> found;
  for (Method const& method : registry.all()) {
    bool const fits = method.object == known.object &&
                      (method.receiver == Receiver::both || method.receiver == known.receiver);
    if (fits) found.push_back({method.name, headline(method.brief), true});
  }
  std::vector<char const*> fields;
  if (known.object == "tenants" && known.receiver == Receiver::member)
    fields = {"slug",          "id",          "display_name",  "status", "server", "region", "placement",
              "database_name", "schema_name", "db_config_ref", "labels"};
  if (known.object == "result") fields = {"errors", "columns", "asked", "affected"};
  if (known.object == "fleet") fields = {"name", "guard", "colour"};
  for (char const* field : fields) found.push_back({field});
  return found;
}

}  // namespace

std::vector<Member> members(Interpreter& interpreter, std::string_view chain) {
  Interpreter::State& state = interpreter.state();
  Walk walk{state.lua, state.registry};
  std::vector<Link> const links = links_of(chain);
  if ((links.empty() && chain.find_first_not_of(" \t\n") != chain.npos) || !walk.follow(links)) return {};
  std::vector<Member> found;
  if (walk.has_value())
    found = members_of_table(state.lua, state.registry, links.empty());
  else if (walk.known() && !walk.method())
    found = members_of(state.registry, *walk.known());
  std::sort(found.begin(), found.end(), [](Member const& a, Member const& b) { return a.name < b.name; });
  return found;
}

Method const* method_named(Interpreter& interpreter, std::string_view chain) {
  Interpreter::State& state = interpreter.state();
  Walk walk{state.lua, state.registry};
  if (!walk.follow(links_of(chain))) return nullptr;
  if (walk.method()) return walk.method();
  // An object that is called itself: sql"…".
  Object const* object = walk.known() ? state.registry.find_object(walk.known()->object) : nullptr;
  return object && !object->call.empty() ? state.registry.find(object->name, object->call) : nullptr;
}

}  // namespace scripting
