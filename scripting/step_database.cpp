#include "scripting/step_database.hpp"

#include <fmt/format.h>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::GateState;

// A parameter as it goes to the server and as it is shown.
struct BoundValue {
  std::optional<std::string> value;
  std::string shown;
  bool unknown = false;
  bool secret = false;
};

std::string quoted(std::string const& text) {
  std::string literal = "'";
  for (char c : text) literal += c == '\'' ? std::string{"''"} : std::string{c};
  return literal + "'";
}

BoundValue to_parameter(lua_State* lua, int index) {
  if (auto* secret = test_object<SecretHandle>(lua, index)) {
    World& world = state_of(lua).world;
    bool const acting = world.gate.state() == GateState::open;
    return {acting ? world.fleet.secrets().resolve(secret->secret) : std::string{},
            secret->secret.reference(), false, true};
  }
  if (test_object<Unknown>(lua, index)) return {std::nullopt, display_text(lua, index), true};
  switch (lua_type(lua, index)) {
    case LUA_TNIL: return {std::nullopt, "null"};
    case LUA_TBOOLEAN: {
      bool const value = lua_toboolean(lua, index) != 0;
      return {value ? "t" : "f", value ? "true" : "false"};
    }
    case LUA_TTABLE: {
      std::string const json = to_json(lua, index).dump();
      return {json, quoted(json)};
    }
    case LUA_TNUMBER: {
      std::string const text = display_text(lua, index);
      return {text, text};
    }
    default: {
      std::string const text = display_text(lua, index);
      return {text, quoted(text)};
    }
  }
}

// Lines that a script indents for its own looks, moved to the left.
std::string dedented(std::string_view sql) {
  std::size_t margin = std::string_view::npos;
  for (std::size_t line = sql.find('\n'); line != std::string_view::npos; line = sql.find('\n', line + 1)) {
    std::size_t const word = sql.find_first_not_of(' ', line + 1);
    if (word != std::string_view::npos && sql[word] != '\n') margin = std::min(margin, word - line - 1);
  }
  std::string text;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    text += sql[i];
    if (sql[i] == '\n') i += std::min(margin, sql.find_first_not_of(' ', i + 1) - i - 1);
  }
  return text;
}

// The statement with its values in place of $1, $2, …, for people; quoted text and identifiers are left
// alone.
std::string shown_statement(std::string_view sql, std::vector<BoundValue> const& parameters) {
  std::string text;
  for (std::size_t i = 0; i < sql.size();) {
    char const c = sql[i];
    if (c == '\'' || c == '"') {
      std::size_t const end = std::min(sql.find(c, i + 1), sql.size() - 1);
      text += sql.substr(i, end - i + 1);
      i = end + 1;
    } else if (c == '$' && i + 1 < sql.size() && sql[i + 1] >= '1' && sql[i + 1] <= '9') {
      std::size_t number = 0, end = i + 1;
      while (end < sql.size() && sql[end] >= '0' && sql[end] <= '9')
        number = number * 10 + static_cast<std::size_t>(sql[end++] - '0');
      text +=
          number <= parameters.size() ? parameters[number - 1].shown : std::string{sql.substr(i, end - i)};
      i = end;
    } else {
      text += c;
      ++i;
    }
  }
  return text;
}

fleet::Session* session_at(lua_State* lua) {
  auto& database = to_object<StepDatabase>(lua, 1, "db");
  if (!database.session)
    throw Error{ErrorKind::refused, "db belongs to a step function that has ended"}.with_hint(
        "use the db that the function gets as its argument");
  return *database.session;
}

void forbid(fleet::StatementFacts const& facts, fleet::Session* session, runbooks::Gate& gate) {
  GateState const state = gate.state();
  if (facts.statements != 1)
    throw Error{ErrorKind::usage,
                fmt::format("db takes one statement at a time, this text holds {}", facts.statements)};
  if (state == GateState::reading && facts.effect != fleet::StatementEffect::read)
    gate.refuse(fmt::format("{}: probe, pre, when and verify may only read", facts.verb),
                "move it to the step's tx or effect");
  static constexpr std::string_view transaction_words[] = {"BEGIN",    "START TRANSACTION",  "COMMIT", "END",
                                                           "ROLLBACK", "PREPARE TRANSACTION"};
  for (std::string_view word : transaction_words)
    if (facts.verb == word)
      throw Error{ErrorKind::refused,
                  fmt::format("{}: the step's transaction belongs to tenantsh", facts.verb)};
  if (facts.transaction_forbidden && session != nullptr && session->in_transaction())
    throw Error{ErrorKind::refused, fmt::format("{} cannot run inside a transaction", facts.verb)}.with_hint(
        "make this an effect step with a probe");
}

// Undefined table, schema, column, function or object.
bool is_undefined(std::string_view sqlstate) {
  return sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42703" || sqlstate == "42883" ||
         sqlstate == "42704";
}

// A server's error may quote a part of the value that it stumbled over: Token "abc" is invalid.
std::string without_parts(std::string const& text, BoundValue const& secret) {
  std::string clean;
  std::size_t at = 0;
  while (true) {
    std::size_t const open = text.find('"', at);
    std::size_t const close = open == text.npos ? open : text.find('"', open + 1);
    if (close == text.npos) return clean + text.substr(at);
    std::string const quoted = text.substr(open + 1, close - open - 1);
    bool const part = !quoted.empty() && secret.value->find(quoted) != std::string::npos;
    clean += text.substr(at, open - at) +
             (part ? fmt::format("\"‹part of {}›\"", secret.shown) : text.substr(open, close - open + 1));
    at = close + 1;
  }
}

// Runs what `db:METHOD(sql, …)` says. nullopt: nothing ran and the answer is unknown.
std::optional<fleet::Result> run_statement(lua_State* lua) {
  fleet::Session* session = session_at(lua);
  std::string const sql{to_text(lua, 2, "db: sql")};
  auto const facts = fleet::examine_statement(sql);
  std::vector<BoundValue> parameters;
  bool unknown = false;
  for (int i = 3; i <= lua_gettop(lua); ++i) {
    parameters.push_back(to_parameter(lua, i));
    unknown = unknown || parameters.back().unknown;
  }
  auto& gate = state_of(lua).world.gate;
  GateState const state = gate.state();
  forbid(facts, session, gate);
  bool const reads = facts.effect == fleet::StatementEffect::read;
  if (state == GateState::planning && (!reads || unknown || session == nullptr || gate.tells_reads())) {
    if (!reads || gate.tells_reads()) gate.record(shown_statement(dedented(sql), parameters));
    return std::nullopt;
  }
  if (session == nullptr) throw Error{ErrorKind::failed, "the database does not exist"};
  if (unknown) throw Error{ErrorKind::usage, "db: a parameter is unknown"};
  fleet::Statement statement{sql};
  for (BoundValue const& parameter : parameters) statement.params.push_back(parameter.value);
  try {
    return session->query(statement);
  } catch (Error& error) {
    for (BoundValue const& parameter : parameters) {
      if (!parameter.secret) continue;
      error.message = without_parts(error.message, parameter);
      error.detail = without_parts(error.detail, parameter);
    }
    // What an earlier step of the plan would make is not there yet.
    if (state == GateState::planning && is_undefined(error.sqlstate)) return std::nullopt;
    throw;
  }
}

int push_unknown(lua_State* lua) {
  push_value(lua, Unknown{"what the statement returns"});
  return 1;
}

int database_query(lua_State* lua) {
  auto result = run_statement(lua);
  if (!result) return push_unknown(lua);
  push_value(lua, Rows{std::move(*result), {}, 0});
  return 1;
}

int database_one(lua_State* lua) {
  auto result = run_statement(lua);
  if (!result) return push_unknown(lua);
  if (result->empty()) {
    lua_pushnil(lua);
    return 1;
  }
  auto rows = std::make_shared<Rows const>(Rows{std::move(*result), {}, 0});
  push_object(lua, RowHandle{rows, 0});
  return 1;
}

int database_value(lua_State* lua) {
  auto result = run_statement(lua);
  if (!result) return push_unknown(lua);
  if (result->empty())
    lua_pushnil(lua);
  else
    push_cell(lua, *result, 0, 0);
  return 1;
}

int database_exec(lua_State* lua) {
  auto result = run_statement(lua);
  if (!result) return push_unknown(lua);
  lua_pushinteger(lua, static_cast<lua_Integer>(result->affected));
  return 1;
}

std::string quote_identifier(std::string_view name) {
  std::string text = "\"";
  for (char c : name) text += c == '"' ? std::string{"\"\""} : std::string{c};
  return text + "\"";
}

int database_identifier(lua_State* lua) {
  if (auto* unknown = test_object<Unknown>(lua, 2)) {
    push_text(lua, quote_identifier("‹" + unknown->what + "›"));
    return 1;
  }
  push_text(lua, quote_identifier(to_text(lua, 2, "db:identifier")));
  return 1;
}

int database_literal(lua_State* lua) {
  push_text(lua, quoted(display_text(lua, 2)));
  return 1;
}

// db:set_password(role, secret): the server gets a SCRAM verifier, never the password.
int database_set_password(lua_State* lua) {
  fleet::Session* session = session_at(lua);
  std::string const role{to_text(lua, 2, "db:set_password: role")};
  auto const& secret = to_object<SecretHandle>(lua, 3, "db:set_password: secret");
  World& world = state_of(lua).world;
  if (world.gate.state() == GateState::planning) {
    world.gate.record(fmt::format("alter role {} password '‹scram-sha-256 verifier of {}›'",
                                  quote_identifier(role), secret.secret.reference()));
    return push_unknown(lua);
  }
  if (world.gate.state() != GateState::open || session == nullptr)
    world.gate.refuse("db:set_password writes; probe, pre, when and verify may only read",
                      "move it to the step's tx or effect");
  std::string const verifier = session->password_verifier(role, world.fleet.secrets().resolve(secret.secret));
  session->query({fmt::format("alter role {} password {}", quote_identifier(role), quoted(verifier))});
  return 0;
}

std::optional<std::string> text_option(lua_State* lua, char const* key) {
  lua_getfield(lua, 2, key);
  std::optional<std::string> text;
  if (lua_istable(lua, -1))
    text = to_json(lua, -1).dump();
  else if (!lua_isnil(lua, -1))
    text = display_text(lua, -1);
  lua_pop(lua, 1);
  return text;
}

// db:audit{ object, action, tenant, before, after }: the row of identity.tenant_audit that every change
// leaves, in the transaction of the change. Only in a step on master.
int database_audit(lua_State* lua) {
  fleet::Session* session = session_at(lua);
  auto const& run = *to_object<StepDatabase>(lua, 1, "db").run;
  auto& gate = state_of(lua).world.gate;
  auto const object = text_option(lua, "object"), action = text_option(lua, "action");
  if (!object || !action) throw Error{ErrorKind::usage, "db:audit needs object and action"};
  if (gate.state() == GateState::planning) {
    gate.record(fmt::format("audit row: {} {}", *action, *object));
    return 0;
  }
  if (gate.state() != GateState::open || session == nullptr)
    gate.refuse("db:audit writes; probe, pre, when and verify may only read",
                "move it to the step's tx or effect");
  session->query(
      {"insert into identity.tenant_audit (tenant_id, object, action, before, after, actor, reason, run_id)"
       " values ((select id from identity.tenant where slug = $1), $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8)",
       {text_option(lua, "tenant"), object, action, text_option(lua, "before"), text_option(lua, "after"),
        run.who, run.runbook, run.id}});
  return 0;
}

int database_name(lua_State* lua) {
  fleet::Session* session = session_at(lua);
  if (session == nullptr) return push_unknown(lua);
  push_text(lua, session->database());
  return 1;
}

int database_text(lua_State* lua) {
  push_text(lua, "<db>");
  return 1;
}

constexpr luaL_Reg database_methods[] = {{"query", guarded<database_query>},
                                         {"one", guarded<database_one>},
                                         {"value", guarded<database_value>},
                                         {"exec", guarded<database_exec>},
                                         {"identifier", guarded<database_identifier>},
                                         {"literal", guarded<database_literal>},
                                         {"set_password", guarded<database_set_password>},
                                         {"audit", guarded<database_audit>},
                                         {"name", guarded<database_name>},
                                         {nullptr, nullptr}};

int database_index(lua_State* lua) {
  std::string const key{to_text(lua, 2, "db")};
  std::vector<std::string> known;
  for (luaL_Reg const* method = database_methods; method->name != nullptr; ++method) {
    if (key == method->name) {
      lua_pushcfunction(lua, method->func);
      return 1;
    }
    known.emplace_back(method->name);
  }
  std::string const near = fleet::nearest(key, known);
  throw Error{ErrorKind::usage,
              fmt::format("db has no method \"{}\"; it has: {}", key, fmt::join(known, ", "))}
      .with_hint(near.empty() ? "" : fmt::format("did you mean db:{}?", near));
}

// secret:weakness(): nil, or what is wrong with it as a password.
int secret_weakness(lua_State* lua) {
  auto const& secret = to_object<SecretHandle>(lua, 1, "secret").secret;
  std::string const value = state_of(lua).world.fleet.secrets().resolve(secret);
  std::string lower;
  for (char c : value) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static constexpr std::string_view defaults[] = {"password", "changeme", "change_me", "letmein",
                                                  "welcome",  "admin",    "tenantsh",  "postgres",
                                                  "secret",   "qwerty",   "123456"};
  for (std::string_view word : defaults)
    if (lower.find(word) != std::string::npos) {
      push_text(lua, "it is, or contains, a default password");
      return 1;
    }
  if (value.size() < 12)
    push_text(lua, "it is shorter than 12 characters");
  else
    lua_pushnil(lua);
  return 1;
}

int secret_text(lua_State* lua) {
  push_text(lua, to_object<SecretHandle>(lua, 1, "secret").secret.reference());
  return 1;
}

}  // namespace

std::vector<std::string> const& step_database_methods() {
  static std::vector<std::string> const names = [] {
    std::vector<std::string> listed;
    for (luaL_Reg const* method = database_methods; method->name != nullptr; ++method)
      listed.emplace_back(method->name);
    return listed;
  }();
  return names;
}

void new_step_database_types(lua_State* lua) {
  static constexpr luaL_Reg database[] = {
      {"__index", guarded<database_index>}, {"__tostring", guarded<database_text>}, {nullptr, nullptr}};
  static constexpr luaL_Reg secret[] = {{"__tostring", guarded<secret_text>}, {nullptr, nullptr}};
  new_type<StepDatabase>(lua, database);
  new_type<SecretHandle>(lua, secret);
  luaL_getmetatable(lua, LuaType<SecretHandle>::name);
  lua_newtable(lua);
  lua_pushcfunction(lua, guarded<secret_weakness>);
  lua_setfield(lua, -2, "weakness");
  lua_setfield(lua, -2, "__index");
  lua_pop(lua, 1);
}

}  // namespace scripting
