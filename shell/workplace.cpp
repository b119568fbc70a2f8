#include "shell/workplace.hpp"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "fleet/operator.hpp"
#include "shell/repl.hpp"
#include "shell/terminal_console.hpp"

namespace shell {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr char const* sandbox_name = "sandbox";

// Where the database module lies: beside the program in a build, else where it is installed.
fs::path module_folder() {
  fs::path const folder = program_folder();
  return fs::exists(folder / "tenantsh-postgres.so") ? folder : folder.parent_path() / "lib" / "tenantsh";
}

// The folder that holds migrations/ and runbooks/: the source tree around a build, else share/tenantsh.
fs::path shipped_folder() {
  fs::path const above = program_folder().parent_path();
  return fs::exists(above / "migrations" / "master") ? above : above / "share" / "tenantsh";
}

fs::path user_configuration() {
  char const* xdg = std::getenv("XDG_CONFIG_HOME");
  char const* home = std::getenv("HOME");
  if (xdg != nullptr && *xdg == '/') return fs::path{xdg} / "tenantsh" / "tenantsh.toml";
  if (home != nullptr && *home == '/') return fs::path{home} / ".config" / "tenantsh" / "tenantsh.toml";
  return {};
}

// A person can answer. A job in the background of a terminal would be stopped by its first question, without
// a word; it is told what to answer with, as behind a pipe.
bool is_at_terminal() {
  if (::isatty(STDIN_FILENO) != 1) return false;
  pid_t const foreground = ::tcgetpgrp(STDIN_FILENO);
  return foreground < 0 || foreground == ::getpgrp();
}

}  // namespace

fs::path program_folder() {
  static fs::path const folder = fs::read_symlink("/proc/self/exe").parent_path();
  return folder;
}

Workplace::Workplace(Options& options, fleet::StrayVariables variables)
    : options_(options),
      variables_(std::move(variables)),
      out_(STDOUT_FILENO),
      err_(STDERR_FILENO),
      reporter_(
          out_, err_,
          [this](std::string text) { return secrets_ ? secrets_->redact(std::move(text)) : text; },
          options.reporter) {}

Workplace::~Workplace() {
  if (interrupts_) interrupts_->on_press({});
}

Interrupts& Workplace::interrupts() {
  if (!interrupts_) interrupts_.emplace();
  return *interrupts_;
}

runbooks::Console& Workplace::console() {
  if (!console_) {
    if (is_at_terminal())
      console_.emplace(std::make_unique<TerminalConsole>(reporter_, interrupts()));
    else
      console_.emplace(std::make_unique<PipeConsole>(reporter_));
  }
  return *console_;
}

scripting::Registry const& Workplace::registry() {
  if (!registry_) registry_ = scripting::make_registry();
  return *registry_;
}

fleet::Configuration const& Workplace::configuration() {
  if (!configuration_) {
    fleet::ConfigurationPlaces places;
    places.explicit_file = options_.config;
    places.user_file = user_configuration();
    places.project_start = fs::current_path();
    configuration_ = fleet::load_configuration(places);
  }
  return *configuration_;
}

fleet::Secrets& Workplace::secrets() {
  if (!secrets_) {
    fleet::Secrets::Prompt prompt;
    if (console().interactive())
      prompt = [this](std::string const& question) {
        runbooks::Question secret;
        secret.text = question;
        secret.secret = true;
        return console().ask(secret);
      };
    secrets_ = std::make_unique<fleet::Secrets>(std::move(prompt), configuration().exec_allowed, variables_);
  }
  return *secrets_;
}

fleet::Driver& Workplace::driver() {
  if (driver_) return *driver_;
  fleet::SessionWatch watch;
  if (auto const planned = faults())
    watch = [planned](fleet::Handing handing, std::string_view sql) { planned->hand(handing, sql); };
  driver_ = std::make_unique<fleet::LazyDriver>(module_folder(), std::move(watch));
  return *driver_;
}

// TENANTSH_CRASH says where a run breaks (runbooks/laboratory/fault.hpp). In the sandbox only.
std::shared_ptr<runbooks::Faults> Workplace::faults() {
  char const* planned = std::getenv("TENANTSH_CRASH");
  if (planned == nullptr || *planned == '\0' || !chosen_environment().sandbox) return nullptr;
  if (!faults_) faults_ = std::make_shared<runbooks::Faults>(planned);
  return faults_;
}

runbooks::Boundary Workplace::boundary() {
  auto const planned = faults();
  if (!planned) return {};
  return [planned](std::string_view moment, std::string const& step) { planned->reach(moment, step); };
}

fleet::Sandbox& Workplace::sandbox() {
  if (!sandbox_) sandbox_.emplace(fleet::default_home(), secrets());
  return *sandbox_;
}

fleet::Environment Workplace::chosen_environment() {
  std::string const name =
      options_.environment.empty() ? configuration().default_environment : options_.environment;
  if (name != sandbox_name) return fleet::find_environment(configuration(), name);
  fleet::Environment environment;
  environment.name = sandbox_name;
  environment.sandbox = true;
  environment.guard = fleet::Guard::open;
  environment.notify = configuration().sandbox_notify;
  environment.application = configuration().sandbox_application;
  environment.secrets_folder = fleet::default_home() / sandbox_name / "secrets" / "tenants";
  return environment;
}

void Workplace::locate_sandbox(fleet::Environment& environment) {
  std::vector<fleet::SandboxMember> const members = sandbox().members();
  if (members.empty())
    throw fleet::Error{fleet::ErrorKind::connect, "there is no sandbox yet"}.with_hint(
        "`tenantsh sandbox up` makes one; --env NAME chooses another environment");
  for (fleet::SandboxMember const& member : members) {
    if (!member.running)
      throw fleet::Error{fleet::ErrorKind::connect, "the sandbox is not running"}
          .with_hint("`tenantsh sandbox up` starts it")
          .at_server(member.name);
    if (member.role == "master") {
      environment.master_dsn = member.dsn;
    } else {
      environment.known_servers.push_back(
          fleet::FirstServer{.name = member.name,
                             .region = "local",
                             .host = member.endpoint.get("host"),
                             .admin_user = member.endpoint.get("user"),
                             .admin_secret_ref = member.endpoint.password.reference(),
                             .port = std::stoi(member.endpoint.get("port")),
                             .capacity_tenants = sandbox().capacity_tenants()});
    }
  }
  if (!environment.known_servers.empty()) environment.first_server = environment.known_servers.front();
}

runbooks::Notifier Workplace::notifier(fleet::Notify const& notify) {
  if (!notify.anybody()) return {};
  notifications_.emplace(notify, secrets(), configuration().exec_allowed);
  return {
      .send = [this](fleet::Notification const& notification) { notifications_->send(notification); },
      .watch_questions = [this, patience = notify.after](
                             WaitingConsole::Waits waits) { console_->watch(patience, std::move(waits)); }};
}

void Workplace::tell_unsent() {
  if (!notifications_) return;
  for (std::string const& text : notifications_->take_failures()) console().note(text);
}

void Workplace::end_notifications() noexcept {
  if (!notifications_) return;
  try {
    interrupts().renew();
    interrupts().on_press([this] { notifications_->give_up(); });
    if (!notifications_->wait(2s)) console().note("a notification is still being sent; Ctrl-C gives it up");
    notifications_->finish();
    tell_unsent();
  } catch (std::exception const&) {
    // There is nobody left to tell.
  }
}

scripting::World& Workplace::world() {
  if (!world_) {
    fleet::FleetParts parts{.driver = driver(),
                            .secrets = secrets(),
                            .clock = clock_,
                            .environment = chosen_environment(),
                            .variables = {},
                            .application_name = fleet::this_operator().application_name("shell")};
    if (parts.environment.sandbox)
      parts.locate = [this](fleet::Environment& environment) { locate_sandbox(environment); };
    else
      parts.variables = variables_;
    fleet_ = std::make_unique<fleet::Fleet>(std::move(parts));
    world_.emplace(scripting::World{.fleet = *fleet_,
                                    .console = console(),
                                    .gate = gate_,
                                    .who = fleet::this_operator(),
                                    .settings = options_.settings,
                                    .shipped = shipped_folder(),
                                    .home = fleet::default_home(),
                                    .boundary = boundary(),
                                    .interrupt = {}});
    world_->hold_interrupts = [this](bool yes) {
      interrupts().hold(yes, [this] {
        console().note("past the point of no return: this run stops when it is consistent");
      });
    };
    if (console().interactive())
      world_->prompt = [this](std::string const& place) { run_nested_repl(*this, place); };
    world_->notifier = notifier(fleet_->environment().notify);
    reporter_.limit_rows([this] { return static_cast<std::size_t>(world_->settings.display_rows); });
    world_->show = [this](scripting::Answer const& answer) { (void)reporter_.answer(answer); };
    world_->row_format = [](std::string_view format) { return row_format(parse_format(format), Screen::no); };
    world_->render = [this](fleet::CopySink& out, fleet::Result const& result, std::string_view format) {
      RenderOptions render_options;
      // What result:save(path, { excel = true }) writes: CSV for a spreadsheet program.
      bool const spreadsheet = format == "excel";
      render_options.format = spreadsheet ? Format::csv : parse_format(format);
      if (spreadsheet) render_options.spreadsheet = Spreadsheet::yes;
      render_options.redact = [this](std::string text) { return reporter_.redact(std::move(text)); };
      render(out, result, render_options);
    };
  }
  return *world_;
}

scripting::Interpreter& Workplace::interpreter() {
  if (!interpreter_) interpreter_ = std::make_unique<scripting::Interpreter>(world(), registry());
  return *interpreter_;
}

void Workplace::interlude(std::function<void()> const& work) {
  std::stop_source const outer = world().interrupt;
  work();
  interrupts().renew();
  interpreter().forget_interrupt();
  world_->interrupt = outer;
}

void Workplace::entry(std::function<void()> const& work) {
  tell_unsent();
  interrupts().on_press({});
  world().interrupt = std::stop_source{};
  auto const stop = [this] {
    world_->interrupt.request_stop();
    if (interpreter_) interpreter_->interrupt();
  };
  interrupts().on_press(stop);
  if (interrupts().pressed()) stop();  // while nobody was listening
  work();
}

}  // namespace shell
