#include "shell/sandbox_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <set>

#include "fleet/selection.hpp"
#include "scripting/runbook_file.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;

constexpr std::string_view page = R"(tenantsh sandbox up [--servers N] [--tenants N]
tenantsh sandbox status | down | reset

Private PostgreSQL servers of your own, from the installed programs: unix sockets only, under TENANTSH_HOME.
It is the environment when no configuration names another.

  up       makes what is missing, starts what is stopped; --servers (2): tenant servers beside the master;
           --tenants (0): room for that many, and provisions them
  status   name, role, dsn (for psql as it stands) and whether it runs; --format json for scripts
  down     stops the servers; their data stays
  reset    stops and deletes everything; wants `sandbox` typed, or --confirm sandbox
)";

int parse_count(std::string const& name, std::string const& text, int least, int most) {
  int number = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    throw Error{ErrorKind::usage,
                fmt::format("{} takes a number from {} to {}, not \"{}\"", name, least, most, text)};
  return number;
}

// Fills `sizes` and the global options; Error{usage} for anything else on the line.
void parse_words(std::vector<std::string> const& words, Options& options, fleet::SandboxOptions* sizes) {
  CLI::App app;
  add_global_options(app, options);
  app.allow_extras();
  if (sizes != nullptr) {
    app.add_option_function<std::string>("--servers", [sizes](std::string const& text) {
      sizes->servers = parse_count("--servers", text, 1, 20);
    });
    app.add_option_function<std::string>("--tenants", [sizes](std::string const& text) {
      sizes->tenants = parse_count("--tenants", text, 0, 10000);
    });
  }
  for (std::string const& word : parse_with(app, words))
    throw Error{ErrorKind::usage, fmt::format("sandbox does not take \"{}\"", word)}.with_hint(
        "`tenantsh help sandbox` shows what it takes");
}

scripting::Rows status_rows(fleet::Sandbox& sandbox) {
  fleet::Result result{std::vector<fleet::Column>{{"name", fleet::type_oid::text},
                                                  {"role", fleet::type_oid::text},
                                                  {"dsn", fleet::type_oid::text},
                                                  {"running", fleet::type_oid::boolean}}};
  for (fleet::SandboxMember const& member : sandbox.members()) {
    result.append(member.name);
    result.append(member.role);
    result.append(member.dsn);
    result.append(member.running ? "t" : "f");
  }
  return {std::move(result), {}, 0};
}

ExitStatus status(Workplace& workplace) {
  scripting::Answer answer;
  answer.value = status_rows(workplace.sandbox());
  if (!workplace.sandbox().exists())
    answer.notes.emplace_back("there is no sandbox; `tenantsh sandbox up` makes one");
  return workplace.reporter().answer(answer);
}

void confirm_reset(Workplace& workplace) {
  if (workplace.options().settings.confirm == "sandbox") return;
  runbooks::Question question;
  question.text = "This deletes every database of the sandbox. Type sandbox to go on";
  question.flag = "--confirm sandbox";
  if (workplace.console().ask(question) != "sandbox")
    throw Error{ErrorKind::declined, "the sandbox stays as it is"};
}

// The runbooks' own lines are left out: twenty tenants are twenty lines here, not three hundred.
class QuietConsole final : public runbooks::Console {
 public:
  bool interactive() const override { return false; }
  void say(std::string_view) override {}
  void note(std::string_view) override {}
  std::string ask(runbooks::Question const& question) override {
    throw Error{ErrorKind::declined, question.text}.with_hint("run the runbook by itself");
  }
};

// Makes the sandbox's fleet with the shipped runbooks: master, its servers, tenant-01 … up to that many.
void provision_sandbox(Workplace& workplace, int tenants) {
  workplace.entry([&] {
    workplace.interpreter();
    scripting::World& world = workplace.world();
    QuietConsole console;
    scripting::run_unasked(world, console, "master_init", {});
    workplace.reporter().note("master: initialised");
    for (auto const& server : world.fleet.located().known_servers)
      scripting::run_unasked(world, console, "register_server", {{"name", server.name}});
    world.fleet.refresh();
    std::set<std::string> working;
    for (fleet::Tenant const& tenant : world.fleet.tenants())
      if (tenant.status != fleet::TenantStatus::provisioning) working.insert(tenant.slug);
    for (int number = 1; number <= tenants; ++number) {
      std::string const slug = fmt::format("tenant-{:02}", number);
      if (working.contains(slug)) continue;
      scripting::run_unasked(world, console, "provision_tenant", {{"slug", slug}});
      workplace.reporter().note(fmt::format("{}: active", slug));
    }
  });
}

}  // namespace

std::string_view sandbox_page() { return page; }

ExitStatus sandbox_command(Workplace& workplace, std::vector<std::string> const& words) {
  Options& options = workplace.options();
  std::string const verb = words.empty() ? "" : words.front();
  std::vector<std::string> const rest{words.empty() ? words.begin() : words.begin() + 1, words.end()};
  fleet::SandboxOptions sizes;
  std::vector<std::string> const verbs{"up", "status", "down", "reset"};
  bool const known = std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
  if (known) parse_words(rest, options, verb == "up" ? &sizes : nullptr);
  if (options.help || (!known && !verb.empty() && verb[0] == '-')) {
    if (!known) parse_words(words, options, nullptr);
    workplace.reporter().page(page);
    return ExitStatus::done;
  }
  if (!known) {
    std::string const near = fleet::nearest(verb, verbs);
    throw Error{ErrorKind::usage,
                verb.empty() ? "sandbox needs a verb" : fmt::format("sandbox has no verb \"{}\"", verb)}
        .with_hint(near.empty() ? "up, status, down or reset"
                                : "did you mean " + near + "? there are up, status, down, reset");
  }
  auto const report = [&](std::string const& line) { workplace.reporter().note(line); };
  if (verb == "status") return status(workplace);
  if (verb == "up") {
    if (!workplace.sandbox().up(sizes, report)) report("the sandbox is up");
    if (sizes.tenants > 0) provision_sandbox(workplace, sizes.tenants);
  } else if (!workplace.sandbox().exists()) {
    report("there is no sandbox");
  } else if (verb == "down") {
    workplace.sandbox().down(report);
  } else {
    confirm_reset(workplace);
    workplace.sandbox().reset(report);
  }
  return ExitStatus::done;
}

}  // namespace shell
