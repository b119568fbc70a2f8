#include "fleet/notification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{10};  // with one notification, and with all of them at the end

bool is_url(std::string_view text) { return text.starts_with("https://") || text.starts_with("http://"); }

// A value in curl's configuration: in double quotes, \ keeps the next character.
std::string curl_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char byte : text) {
    if (byte == '"' || byte == '\\') quoted += '\\';
    quoted += byte;
  }
  return quoted + "\"";
}

std::string told(Error const& error) {
  return error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
}

// run_checked() for a limited time.
CommandResult run_in_time(Command const& command, std::function<bool()> const& over) {
  try {
    return run_checked(command, over);
  } catch (Error const& error) {
    if (error.kind != ErrorKind::interrupted) throw;
    throw Error(ErrorKind::tool, fmt::format("{} did not end in time and was stopped",
                                             std::filesystem::path(command.argv[0]).filename().string()));
  }
}

}  // namespace

// One queue, one thread, one way of sending.
class Notifications::Receiver {
 public:
  using Deliver = std::function<void(Notification const&, std::function<bool()> const& over)>;
  using Failed = std::function<void(Error const&)>;

  Receiver(Deliver deliver, Failed failed) : deliver_(std::move(deliver)), failed_(std::move(failed)) {}
  ~Receiver() { close(SteadyClock::now()); }

  void take(Notification const& notification) {
    std::lock_guard const lock(mutex_);
    if (closed_) return;
    queue_.push_back(notification);
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    changed_.notify_all();
  }

  bool wait_until(SteadyClock::time_point end) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, end, [this] { return queue_.empty(); });
  }

  // What is not sent by `end` fails.
  void limit(SteadyClock::time_point end) {
    auto former = end_.load();
    while (end < former && !end_.compare_exchange_weak(former, end)) {
    }
  }

  void close(SteadyClock::time_point end) {
    limit(end);
    {
      std::lock_guard const lock(mutex_);
      closed_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Notification const notification = queue_.front();  // stays in the queue until it is sent
      lock.unlock();
      deliver(notification);
      lock.lock();
      queue_.pop_front();
      changed_.notify_all();
    }
  }

  void deliver(Notification const& notification) const {
    auto const own_end = SteadyClock::now() + patience;
    auto const over = [&] { return SteadyClock::now() >= std::min(own_end, end_.load()); };
    try {
      if (over()) throw Error(ErrorKind::tool, "there was no time left for it");
      deliver_(notification, over);
    } catch (Error const& error) {
      failed_(error);
    } catch (std::exception const& error) {
      failed_(Error(ErrorKind::tool, error.what()));
    }
  }

  Deliver deliver_;
  Failed failed_;
  std::atomic<SteadyClock::time_point> end_{SteadyClock::time_point::max()};
  std::mutex mutex_;  // of the two below
  std::deque<Notification> queue_;
  bool closed_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

Notifications::Notifications(Notify settings, Secrets& secrets, bool exec_allowed)
    : settings_(std::move(settings)), secrets_(secrets), exec_allowed_(exec_allowed) {
  if (is_url(settings_.webhook)) secrets_.taint(settings_.webhook, "the webhook");
  auto const add = [this](std::string name, auto send_to) {
    receivers_.push_back(std::make_unique<Receiver>(
        [this, send_to](Notification const& notification, std::function<bool()> const& over) {
          (this->*send_to)(notification, over);
        },
        [this, name = std::move(name)](Error const& error) { note_failure(name + ": " + told(error)); }));
  };
  if (!settings_.command.empty()) add("command", &Notifications::send_to_command);
  if (!settings_.webhook.empty()) add("webhook", &Notifications::send_to_webhook);
}

Notifications::~Notifications() { give_up(); }

void Notifications::send(Notification const& notification) noexcept {
  try {
    if (std::find(settings_.on.begin(), settings_.on.end(), notification.event) == settings_.on.end()) return;
    for (auto const& receiver : receivers_) receiver->take(notification);
  } catch (std::exception const& error) {
    note_failure(error.what());
  }
}

bool Notifications::wait(std::chrono::milliseconds time) {
  auto const end = SteadyClock::now() + time;
  return std::all_of(receivers_.begin(), receivers_.end(),
                     [end](auto const& receiver) { return receiver->wait_until(end); });
}

void Notifications::finish() {
  auto const end = SteadyClock::now() + patience;
  for (auto const& receiver : receivers_) receiver->limit(end);
  for (auto const& receiver : receivers_) receiver->close(end);
}

void Notifications::give_up() {
  for (auto const& receiver : receivers_) receiver->limit(SteadyClock::now());
}

std::vector<std::string> Notifications::take_failures() {
  std::lock_guard const lock(mutex_);
  return std::exchange(failures_, {});
}

void Notifications::note_failure(std::string const& what) {
  auto text = secrets_.redact("notification was not sent: " + what);
  std::lock_guard const lock(mutex_);
  if (told_.insert(text).second) failures_.push_back(std::move(text));
}

void Notifications::send_to_command(Notification const& notification, std::function<bool()> const& over) {
  if (!exec_allowed_)
    throw Error(ErrorKind::refused,
                settings_.command[0] + " was not run, a configuration file belongs to another user")
        .with_hint("a command is run when every tenantsh.toml that was read is yours or root's");
  Command command;
  command.argv = settings_.command;
  command.environment = {{"TENANTSH_EVENT", notification.event},
                         {"TENANTSH_RUN", notification.run},
                         {"TENANTSH_RUNBOOK", notification.runbook},
                         {"TENANTSH_STEP", notification.step}};
  command.without = {"PG*"};
  command.input = notification.body + "\n";
  command.sink = [](std::string_view) {};
  command.detached = true;  // a Ctrl-C is for the run, and the terminal is not the command's
  run_in_time(command, over);
}

// URL and body go to curl by its standard input: the URL of a webhook is a password.
void Notifications::send_to_webhook(Notification const& notification, std::function<bool()> const& over) {
  if (!find_program("curl")) throw Error(ErrorKind::tool, "curl is missing").with_hint("apt install curl");
  auto const url = is_url(settings_.webhook) ? settings_.webhook
                                             : secrets_.resolve(Secret::parse(settings_.webhook), over);
  if (!is_url(url) ||
      std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c == 0x7F; }))
    throw Error(ErrorKind::config, settings_.webhook + " is no https:// address");
  Command command;
  command.argv = {"curl", "--disable", "--config", "-"};
  command.without = {"PG*"};
  command.input = fmt::format(
      "silent\nshow-error\nfail\ngloboff\nmax-time = {}\nproto = \"=http,https\"\nuser-agent = \"tenantsh\"\n"
      "header = \"Content-Type: application/json\"\noutput = \"/dev/null\"\nwrite-out = \"%{{http_code}}\"\n"
      "data-raw = {}\nurl = {}\n",
      patience.count(), curl_quoted(notification.body), curl_quoted(url));
  command.detached = true;
  auto const answer = run_in_time(command, over).output;
  if (!answer.starts_with("2"))  // curl takes a redirection for success
    throw Error(ErrorKind::tool, "it answered " + answer);
}

}  // namespace fleet
