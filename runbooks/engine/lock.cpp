#include "runbooks/engine/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace runbooks {

namespace {

using Json = nlohmann::ordered_json;

constexpr char const* detached_reason = "detached";  // in runbook.lease

[[noreturn]] void refuse(Holder const& holder) {
  if (holder.detached)
    throw fleet::Error{fleet::ErrorKind::locked,
                       fmt::format("{} is held by {}", holder.object, holder.describe())}
        .with_hint(
            fmt::format("go on with it: tenantsh runs resume {0}; or give it up: tenantsh runs abandon {0}",
                        holder.run_id));
  throw fleet::Error{fleet::ErrorKind::locked,
                     fmt::format("{} is being worked on by {}", holder.object, holder.describe())}
      .with_hint("wait for it, or look with: tenantsh runs list");
}

std::string file_name(std::string const& object) {
  std::string name;
  for (char c : object) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return name + ".lock";
}

Holder read_holder(std::filesystem::path const& file, std::string const& object) {
  Holder holder;
  holder.object = object;
  std::ifstream in{file};
  Json const line = Json::parse(in, nullptr, false);
  if (line.is_object()) {
    holder.run_id = line.value("run", "");
    holder.runbook = line.value("runbook", "");
    holder.who = line.value("who", "");
    holder.since = line.value("since", "");
    holder.step = line.value("step", "");
    holder.process.pid = line.value("pid", 0);
  }
  return holder;
}

// Who holds the file that cannot be locked. In the very moment in which it was taken it does not say so yet:
// it is empty, or still names a holder that was killed.
Holder known_holder(std::filesystem::path const& file, std::string const& object) {
  Holder holder = read_holder(file, object);
  for (int i = 0; i < 50 && (holder.run_id.empty() || !fleet::find_process(holder.process.pid)); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    holder = read_holder(file, object);
  }
  return holder;
}

// In one write that covers what was there: whoever reads meanwhile finds the one or the other.
void write_holder(int descriptor, Holder const& self) {
  std::string line = Json{{"run", self.run_id},  {"runbook", self.runbook}, {"who", self.who},
                          {"since", self.since}, {"step", self.step},       {"pid", self.process.pid}}
                         .dump(-1, ' ', false, Json::error_handler_t::replace) +
                     "\n";
  struct stat before {};
  if (::fstat(descriptor, &before) == 0 && before.st_size > static_cast<off_t>(line.size()))
    line.resize(static_cast<std::size_t>(before.st_size), '\n');
  if (::pwrite(descriptor, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()))
    throw fleet::Error{fleet::ErrorKind::io,
                       fmt::format("cannot write a lock file: {}", std::strerror(errno))};
}

// Opens and locks the file of that name, not one that its last holder has just deleted.
int lock_file(std::filesystem::path const& file, std::string const& object) {
  while (true) {
    int const descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
      throw fleet::Error{fleet::ErrorKind::io,
                         fmt::format("cannot open {}: {}", file.string(), std::strerror(errno))}
          .with_hint("set TENANTSH_HOME to a folder you can write");
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      ::close(descriptor);
      refuse(known_holder(file, object));
    }
    struct stat ours {
    }, named{};
    if (::fstat(descriptor, &ours) == 0 && ::stat(file.c_str(), &named) == 0 && ours.st_ino == named.st_ino)
      return descriptor;
    ::close(descriptor);
  }
}

}  // namespace

std::string Holder::describe() const {
  if (run_id.empty()) return "another process";
  std::string const what = runbook.empty() ? run_id : fmt::format("{} ({})", run_id, runbook);
  std::string text = fmt::format("run {} of {}, {}, since {}", what, who,
                                 detached ? "detached" : fmt::format("process {}", process.pid), since);
  if (!step.empty()) text += fmt::format(", at step \"{}\"", step);
  return text;
}

Locks::Locks(std::filesystem::path folder, std::vector<std::string> objects, Holder self)
    : folder_(std::move(folder)), objects_(std::move(objects)), self_(std::move(self)) {
  std::sort(objects_.begin(), objects_.end());
  objects_.erase(std::unique(objects_.begin(), objects_.end()), objects_.end());
}

Locks::~Locks() {
  // Deleted while still held: whoever waits for the old file sees that it is no longer the one of that name.
  for (Held const& held : held_) {
    ::unlink(held.file.c_str());
    ::close(held.descriptor);
  }
}

void Locks::take_local() {
  if (!held_.empty()) return;
  std::error_code code;
  std::filesystem::create_directories(folder_, code);
  for (std::string const& object : objects_) {
    auto const file = folder_ / file_name(object);
    int const descriptor = lock_file(file, object);
    held_.push_back({object, file, descriptor});
    note_killed(read_holder(file, object));  // who ends in peace deletes the file
    self_.object = object;
    write_holder(descriptor, self_);
  }
}

void Locks::note_killed(Holder const& former) {
  if (!former.run_id.empty() && former.run_id != self_.run_id) killed_holders_.insert(former.run_id);
}

void Locks::work_at(std::string const& step) {
  self_.step = step;
  for (Held const& held : held_) {
    self_.object = held.object;
    write_holder(held.descriptor, self_);
  }
}

namespace {

bool has_leases(fleet::Session& session) {
  return session.query({"select to_regclass('runbook.lease') is not null"}).value() == "t";
}

// Who the lease says holds `object`, or held it last; an empty holder when there is no lease.
Holder leased_by(fleet::Session& session, std::string const& object) {
  Holder holder;
  holder.object = object;
  auto const row =
      session.query({"select run_id, runbook, operator, host, pid, coalesce(step_path, '') as step,"
                     " coalesce(reason, '') as reason,"
                     " to_char(acquired_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"') as since"
                     " from runbook.lease where object = $1",
                     {object}});
  if (row.empty()) return holder;
  holder.run_id = row.text(0, "run_id");
  holder.runbook = row.text(0, "runbook");
  holder.who = row.text(0, "operator");
  holder.host = row.text(0, "host");
  holder.since = row.text(0, "since");
  holder.step = row.text(0, "step");
  holder.detached = row.text(0, "reason") == detached_reason;
  holder.process.pid = std::stoi(row.text(0, "pid"));
  return holder;
}

// Whose connection has the advisory lock. A run that has not acted yet has no lease, and the lease that is
// there may be that of an earlier one.
Holder connected_holder(fleet::Session& session, std::string const& object) {
  Holder holder;
  holder.object = object;
  auto const row = session.query(
      {"select a.application_name as name, coalesce(a.usename, '') as login,"
       " coalesce(to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"'), '') as since"
       " from pg_locks l join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.granted"
       " and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())"
       " and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('tenantsh:' || $1, 0)",
       {object}});
  if (row.empty()) return holder;
  auto const name = fleet::parse_application_name(row.text(0, "name"));
  holder.run_id = name.what;
  holder.who = fmt::format("database login {} on {}", row.text(0, "login"), name.host);
  holder.host = name.host;
  holder.since = row.text(0, "since");
  holder.process = name.process;
  return holder;
}

Holder holder_in_master(fleet::Session& session, std::string const& object) {
  Holder const connected = connected_holder(session, object);
  if (!has_leases(session)) return connected;
  Holder leased = leased_by(session, object);
  return connected.run_id.empty() || leased.run_id == connected.run_id ? leased : connected;
}

}  // namespace

void Locks::take_in_master(fleet::Session& session) {
  if (taken_by_backend_ == session.backend_pid()) return;
  if (session.query({"select pg_backend_pid()"}).value() != std::to_string(session.backend_pid()))
    throw fleet::Error{fleet::ErrorKind::refused,
                       "master is reached through a transaction pooler; locks do not hold"}
        .with_hint("give the environment direct_master, a DSN past the pooler");
  bool const leases = has_leases(session);
  for (std::string const& object : objects_) {
    auto const taken =
        session.query({"select pg_try_advisory_lock(hashtextextended('tenantsh:' || $1, 0))", {object}});
    if (taken.value() != "t") refuse(holder_in_master(session, object));
    if (!leases) continue;
    Holder const former = leased_by(session, object);
    if (former.detached && former.run_id != self_.run_id) refuse(former);
    note_killed(former);  // who ends in peace deletes its lease
  }
  taken_by_backend_ = session.backend_pid();
}

void Locks::write_leases(fleet::Session& session, int epoch) {
  if (leased_by_backend_ == session.backend_pid()) return;
  for (std::string const& object : objects_)
    session.query(
        {"insert into runbook.lease (object, run_id, runbook, operator, host, pid, process_start, epoch)"
         " values ($1, $2, $3, $4, $5, $6::int, $7, $8::int)"
         " on conflict (object) do update set run_id = excluded.run_id, runbook = excluded.runbook,"
         " operator = excluded.operator, host = excluded.host, pid = excluded.pid,"
         " process_start = excluded.process_start, epoch = excluded.epoch, step_path = null, reason = null,"
         " acquired_at = now(), heartbeat_at = now()",
         {object, self_.run_id, self_.runbook, self_.who, self_.host, std::to_string(self_.process.pid),
          self_.process.start_time, std::to_string(epoch)}});
  leased_by_backend_ = session.backend_pid();
}

void Locks::keep_leases(fleet::Session& session) {
  session.query({"update runbook.lease set reason = $2 where run_id = $1", {self_.run_id, detached_reason}});
}

void drop_leases(fleet::Session& session, std::string const& run_id) {
  session.query({"delete from runbook.lease where run_id = $1", {run_id}});
}

void Locks::release_in_master(fleet::Session& session) noexcept {
  if (taken_by_backend_ != session.backend_pid()) return;
  try {
    for (std::string const& object : objects_) {
      session.query({"delete from runbook.lease where object = $1 and run_id = $2", {object, self_.run_id}});
      session.query({"select pg_advisory_unlock(hashtextextended('tenantsh:' || $1, 0))", {object}});
    }
  } catch (fleet::Error const&) {
    // The session's end frees the locks; a lease row without its advisory lock is dead and gets overwritten.
  }
  taken_by_backend_ = 0;
}

}  // namespace runbooks
