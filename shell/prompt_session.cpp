#include "shell/prompt_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scripting/members.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;
using namespace std::chrono_literals;

constexpr auto patience = 50ms;  // before a key feels slow

std::string_view without_semicolon(std::string_view sql) {
  std::size_t const last = sql.find_last_not_of(" \t\r\n;");
  return sql.substr(0, last == sql.npos ? 0 : last + 1);
}

// Nobody may be asked for a password while they type something else.
void refuse_to_ask(std::string_view password_reference) {
  if (password_reference.starts_with("prompt:")) throw Error{ErrorKind::declined, "a password is asked for"};
}

char const* colour_code(fleet::Environment const& environment, fleet::Guard guard) {
  struct Known {
    char const* name;
    char const* code;
  };
  constexpr Known codes[] = {{"red", "1;97;41"}, {"yellow", "30;43"}, {"green", "32"},
                             {"blue", "1;34"},   {"magenta", "35"},   {"cyan", "36"},
                             {"white", "1;37"},  {"black", "30;47"},  {"orange", "30;48;5;208"}};
  for (Known const& known : codes)
    if (environment.colour == known.name) return known.code;
  switch (guard) {
    case fleet::Guard::protected_: return "1;97;41";
    case fleet::Guard::confirm: return "33";
    case fleet::Guard::open: break;
  }
  return "32";
}

bool is_slug(std::string const& text) {
  return !text.empty() && text != "all" && text.find_first_of("=*?,@") == std::string::npos;
}

}  // namespace

std::string Scope::slug() const {
  return !master && is_slug(tenants.text()) ? tenants.text() : std::string{};
}

PromptSession::PromptSession(Workplace& workplace) : workplace_(workplace) {
  fleet::Fleet& fleet = workplace.world().fleet;
  auto list = [&fleet](auto read) {
    return [&fleet, read](std::stop_token) {
      refuse_to_ask(fleet.environment().master_secret.reference());
      return read();
    };
  };
  slugs_ = std::make_unique<Prefetched<std::vector<std::string>>>(list([&fleet] {
    std::vector<std::string> slugs;
    for (fleet::Tenant const& tenant : fleet.tenants()) slugs.push_back(tenant.slug);
    return slugs;
  }));
  servers_ = std::make_unique<Prefetched<std::vector<std::string>>>(list([&fleet] {
    std::vector<std::string> names;
    for (fleet::Server const& server : fleet.servers()) names.push_back(server.name);
    return names;
  }));
  tables_ = std::make_unique<Prefetched<std::vector<TableName>>>([this, &fleet](std::stop_token stop) {
    refuse_to_ask(fleet.environment().master_secret.reference());
    if (scope_.master) return table_names_of(fleet.read(fleet.master(), table_names_sql, 5000, stop));
    std::vector<fleet::Tenant> chosen = fleet::choose(fleet.tenants(), scope_.tenants).tenants;
    if (chosen.empty()) return std::vector<TableName>{};
    // One stands for all: they have the same tables, or are about to.
    refuse_to_ask(fleet.server(chosen.front().server).admin_secret_ref);
    chosen.resize(1);
    auto outcomes = fleet.query(chosen, table_names_sql, {.jobs = 1, .timeout_ms = 5000, .stop = stop});
    if (outcomes.front().error) throw Error{*outcomes.front().error};
    return table_names_of(*outcomes.front().result);
  });
}

void PromptSession::use(std::string const& text) {
  Scope scope;
  scope.master = text == "master";
  if (!scope.master) {
    scope.tenants = fleet::Selection::parse(text);
    (void)fleet::choose(workplace_.world().fleet.tenants(), scope.tenants);  // says which slug does not exist
  }
  scope_ = std::move(scope);
  tables_->forget();
}

Language PromptSession::language(std::string_view text) {
  std::size_t const first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '\\') return Language::command;
  // `select` and `table` are words of Lua too: what Lua can run is Lua.
  return begins_like_sql(text) && workplace_.interpreter().malformed(text) ? Language::sql : Language::lua;
}

scripting::Answer PromptSession::call(char const* object, char const* method,
                                      scripting::Arguments const& arguments) {
  scripting::Method const* row = workplace_.registry().find(object, method);
  if (row == nullptr) throw Error{ErrorKind::failed, fmt::format("there is no {}:{}", object, method)};
  workplace_.interpreter();
  return scripting::call(workplace_.world(), *row, arguments);
}

void PromptSession::run_sql(std::string const& text) {
  std::string const sql{without_semicolon(text)};
  if (sql.find_first_not_of(" \t\r\n") == sql.npos)
    throw Error{ErrorKind::usage, "there is no statement"}.with_hint("\\sql select count(*) from …");
  bool const reads = fleet::examine_statement(sql).effect == fleet::StatementEffect::read;
  scripting::Arguments arguments;
  arguments.set("sql", sql);
  if (!scope_.master) {
    if (std::string const slug = scope_.slug(); !slug.empty())
      arguments.self = scripting::TenantRef{slug};
    else
      arguments.self = scripting::TenantsRef{scope_.tenants};
  }
  last_entry_ = text;
  last_ = call(scope_.master ? "master" : "tenants", reads ? "query" : "execute", std::move(arguments));
  print(*last_);
}

void PromptSession::run(std::string const& entry) {
  if (language(entry) == Language::sql) return run_sql(entry);
  scripting::Answer answer = workplace_.interpreter().evaluate(entry, "entry");
  answer.value = scripting::printable(workplace_.world(), std::move(answer.value));
  last_entry_ = entry;
  globals_.clear();
  last_ = std::move(answer);
  print(*last_);
}

void PromptSession::print(scripting::Answer const& answer) {
  show([&] { (void)workplace_.reporter().answer(answer); });
}

void PromptSession::show(std::function<void()> const& write) {
  if (!paging) return write();
  // Ctrl-C in a pager is the pager's.
  class Pages {
   public:
    explicit Pages(Workplace& workplace) : workplace_(workplace) {
      workplace_.output().begin_pages();
      workplace_.interrupts().hold(true);
    }
    ~Pages() {
      workplace_.output().end_pages();
      workplace_.interrupts().renew();
      workplace_.interrupts().hold(false);
    }
    Pages(Pages const&) = delete;
    Pages& operator=(Pages const&) = delete;

   private:
    Workplace& workplace_;
  };
  Pages const pages{workplace_};
  write();
}

std::set<std::string> const& PromptSession::globals() {
  if (globals_.empty())
    for (scripting::Member& member : scripting::members(workplace_.interpreter(), ""))
      globals_.insert(member.name);
  return globals_;
}

std::vector<std::string> PromptSession::slugs() {
  auto const* known = slugs_->get(patience);
  return known ? *known : std::vector<std::string>{};
}

std::vector<std::string> PromptSession::server_names() {
  auto const* known = servers_->get(patience);
  return known ? *known : std::vector<std::string>{};
}

std::vector<TableName> PromptSession::tables() {
  auto const* known = tables_->get(patience);
  return known ? *known : std::vector<TableName>{};
}

void PromptSession::settle() {
  slugs_->settle();
  servers_->settle();
  tables_->settle();
}

History* PromptSession::history() {
  if (history_ || history_failed_) return history_.get();
  try {
    history_ = std::make_unique<History>(workplace_.world().home / "history" /
                                         (workplace_.world().fleet.environment().name + ".jsonl"));
  } catch (Error const& error) {
    history_failed_ = true;
    workplace_.reporter().note(error.message);
  }
  return history_.get();
}

std::string PromptSession::prompt(std::string const& place, bool coloured) {
  scripting::World& world = workplace_.world();
  fleet::Environment const& environment = world.fleet.environment();
  std::string name = printable(environment.name);
  fleet::Guard const guard = world.recognised.value_or(environment.guard);
  if (guard == fleet::Guard::protected_) name += " PROTECTED";
  if (coloured) name = fmt::format("\x1b[{}m{}\x1b[0m", colour_code(environment, guard), name);
  if (!place.empty()) return name + " · " + place + " · read-only> ";
  bool const armed = world.settings.armed && world.settings.armed->until > std::chrono::system_clock::now();
  std::string mode = armed ? "RW" : "ro";
  if (armed) {
    auto const left = std::chrono::ceil<std::chrono::minutes>(world.settings.armed->until -
                                                              std::chrono::system_clock::now());
    mode += fmt::format(" {} min", left.count());
    if (coloured) mode = "\x1b[1;31m" + mode + "\x1b[0m";
  }
  std::string scope = printable(scope_.text());
  if (!scope_.master && scope == "all") {
    // The number as soon as something has read the registry, never by asking for it.
    auto const tenants = world.fleet.known_tenants();
    if (tenants) scope = fmt::format("{} {}", *tenants, *tenants == 1 ? "tenant" : "tenants");
  }
  return fmt::format("{} {} {}> ", name, mode, cut_to_width(scope, 40));
}

}  // namespace shell
