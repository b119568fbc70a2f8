#include "runbooks/laboratory/fault.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fleet/error.hpp"

namespace runbooks {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t told_sql = 60;

// "MOMENT:STEP#K"; without #K the first time. A step's name may hold any of these characters but '#'.
Place parse_place(std::string_view text) {
  Place place;
  if (auto const hash = text.rfind('#'); hash != text.npos && hash + 1 < text.size()) {
    auto const [end, failure] =
        std::from_chars(text.data() + hash + 1, text.data() + text.size(), place.ordinal);
    if (failure == std::errc{} && end == text.data() + text.size()) text = text.substr(0, hash);
  }
  auto const colon = text.find(':');
  if (colon == text.npos)
    throw fleet::Error{fleet::ErrorKind::usage, fmt::format("TENANTSH_CRASH: \"{}\" is no place", text)}
        .with_hint("write MOMENT:STEP or kill@MOMENT:STEP#2");
  place.moment = text.substr(0, colon);
  place.step = text.substr(colon + 1);
  return place;
}

void append_line(std::filesystem::path const& file, Json const& line) {
  std::string const text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return;
  [[maybe_unused]] ssize_t const written = ::write(descriptor, text.data(), text.size());
  ::close(descriptor);
}

// The connections stay open as far as this process knows, but nothing is said or heard any more. By the name
// of the socket at the other end: a sandbox's servers have no other.
void cut_connections() {
  std::error_code ignored;
  for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored}) {
    int const descriptor = std::atoi(entry.path().filename().c_str());
    sockaddr_un peer{};
    socklen_t length = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (peer.sun_family == AF_UNIX &&
        std::string_view{peer.sun_path}.find("/.s.PGSQL.") != std::string_view::npos)
      ::shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace

std::string Place::text() const { return fmt::format("{}:{}#{}", moment, step, ordinal); }

Faults::Faults(std::string const& text) {
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t const end = std::min(text.find(';', from), text.size());
    std::string_view const piece = std::string_view{text}.substr(from, end - from);
    from = end + 1;
    if (piece.empty()) continue;
    auto const at = piece.find('@');
    std::string_view const act =
        at < piece.find(':') || piece.starts_with("record@") ? piece.substr(0, at) : "";
    std::string_view const rest = act.empty() ? piece : piece.substr(at + 1);
    if (act == "record")
      record_ = rest;
    else if (act.empty() || act == "kill")
      planned_.push_back({Act::kill, parse_place(rest)});
    else if (act == "cut")
      planned_.push_back({Act::cut, parse_place(rest)});
    else if (act == "stop")
      planned_.push_back({Act::stop, parse_place(rest)});
    else
      throw fleet::Error{fleet::ErrorKind::usage, fmt::format("TENANTSH_CRASH: what is \"{}\"?", act)}
          .with_hint("kill, cut, stop or record");
  }
}

void Faults::reach(std::string_view moment, std::string const& step) {
  std::lock_guard const lock{mutex_};
  // Statements count while a step acts; of one with items, from the first item to the last.
  if (moment == "intent" || moment == "item" || moment == "undo_intent" || moment == "release_intent") {
    acting_ = step;
    in_step_ = true;
  } else if (moment == "effect" || moment == "done" || moment == "undone" || moment == "released") {
    in_step_ = false;
  }
  meet({.moment = std::string{moment}, .step = step, .sql = {}});
}

void Faults::hand(fleet::Handing handing, std::string_view sql) {
  std::lock_guard const lock{mutex_};
  if (!in_step_) return;
  meet({.moment = handing == fleet::Handing::sending ? "sending" : "sent",
        .step = acting_,
        .sql = std::string{sql.substr(0, told_sql)}});
}

void Faults::meet(Place place) {
  place.ordinal = ++met_[{place.moment, place.step}];
  if (!record_.empty())
    append_line(
        record_,
        {{"moment", place.moment}, {"step", place.step}, {"ordinal", place.ordinal}, {"sql", place.sql}});
  for (Planned const& planned : planned_) {
    if (planned.place.moment != place.moment || planned.place.step != place.step ||
        planned.place.ordinal != place.ordinal)
      continue;
    if (!record_.empty()) append_line(record_, {{"act", true}});
    if (planned.act == Act::cut)
      cut_connections();
    else
      ::raise(planned.act == Act::kill ? SIGKILL : SIGSTOP);
  }
}

Record read_record(std::filesystem::path const& file) {
  Record record;
  std::ifstream in{file};
  for (std::string text; std::getline(in, text);) {
    Json const line = Json::parse(text, nullptr, false);
    if (!line.is_object()) continue;
    if (line.contains("act"))
      record.acted = true;
    else
      record.places.push_back({.moment = line.value("moment", ""),
                               .step = line.value("step", ""),
                               .ordinal = line.value("ordinal", 0),
                               .sql = line.value("sql", "")});
  }
  return record;
}

}  // namespace runbooks
