#include "fleet/parity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "fleet/error.hpp"
#include "fleet/parity_objects.hpp"
#include "fleet/parity_rows.hpp"
#include "fleet/parity_scan.hpp"
#include "fleet/parity_tables.hpp"
#include "fleet/selection.hpp"

namespace fleet {
namespace {

constexpr std::size_t names_listed = 5;

int major_of(std::string const& version) { return std::atoi(version.c_str()); }

bool same_place(ParityPlace const& a, ParityPlace const& b) {
  auto keyword = [&](char const* name) { return a.endpoint.get(name) == b.endpoint.get(name); };
  return keyword("host") && keyword("port") && keyword("dbname") && a.schema == b.schema;
}

void check(ParityRequest const& request) {
  ParityPlace const &here = request.here, &there = request.there;
  if (same_place(here, there))
    throw Error{ErrorKind::usage,
                fmt::format("{} and {} are one place: it is the same as itself", here.name, there.name)}
        .with_hint("name a copy of it: with = \"SLUG\", or a backup: manifest = \"PATH\"");
  if (here.schema.empty() != there.schema.empty())
    throw Error{ErrorKind::refused, fmt::format("{} is placed in a schema and {} has a database of its own",
                                                here.schema.empty() ? there.name : here.name,
                                                here.schema.empty() ? here.name : there.name)}
        .with_hint("two databases can be compared, and two schemas");
}

void check_globs(std::vector<std::string> const& globs, ParityCatalog const& here,
                 ParityCatalog const& there) {
  for (std::string const& glob : globs) {
    if (here.fitting.count(glob) + there.fitting.count(glob) > 0) continue;
    Error error{ErrorKind::usage, "no table fits tables = " + in_quotes(glob)};
    std::string const near = nearest(glob, here.names);
    error.hint = near.empty() ? "a glob over schema.table, or over the name of a table: claims.*, claim"
                              : "did you mean " + near + "?";
    throw error;
  }
}

// Two halves of the work at once; what the first throws goes before what the second does.
void at_once(std::function<void()> const& one, std::function<void()> const& other) {
  std::exception_ptr first, second;
  {
    std::jthread const thread{[&] {
      try {
        other();
      } catch (std::exception const&) {
        second = std::current_exception();
      }
    }};
    try {
      one();
    } catch (std::exception const&) {
      first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
  if (second) std::rethrow_exception(second);
}

void wait(std::chrono::milliseconds time, std::stop_token const& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
}

std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), names_listed); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > names_listed ? text + fmt::format(" and {} more", names.size() - names_listed) : text;
}

std::vector<std::string> joined(std::vector<std::string> a, std::vector<std::string> const& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

class Comparison {
 public:
  Comparison(ParityRequest const& request, ParityMeans const& means)
      : request_(request),
        means_(means),
        relative_(request.here.schema != request.there.schema),
        here_(request.here, {request.tables, request.structure, relative_}, means),
        there_(request.there, {request.tables, request.structure, relative_}, means) {}

  ParityReport run() {
    at_once([this] { here_.open(); }, [this] { there_.open(); });
    check_globs(request_.tables, here_.catalog(), there_.catalog());
    bool const same_encoding = here_.facts().encoding == there_.facts().encoding;
    ParityTables tables{
        request_, means_, {readers_here_, readers_there_, relative_}, request_.digests && same_encoding};
    tables.compare();
    bool const whole = request_.tables.empty();
    if (whole) compare_objects();
    looks(tables);
    for (ParityFinding& finding : tables.findings()) report_.findings.push_back(std::move(finding));
    for (auto* findings : {&sequences_, &others_})
      for (ParityFinding& finding : *findings) report_.findings.push_back(std::move(finding));
    tell(tables);
    not_compared(same_encoding);
    return std::move(report_);
  }

 private:
  ParityPair pair() { return {readers_here_, readers_there_, relative_}; }
  bool databases() const { return request_.here.schema.empty(); }
  bool same_major() const { return major_of(here_.facts().version) == major_of(there_.facts().version); }

  // Somebody who alters objects meanwhile can make a catalog's question fail: the tables are compared still.
  template <typename Compare>
  std::vector<ParityFinding> or_failed(std::string const& kind, Compare const& compare) {
    try {
      return compare();
    } catch (Error const& error) {
      if (error.kind != ErrorKind::sql) throw;
      ParityFinding finding;
      finding.name = finding.kind = kind;
      finding.state = ParityState::failed;
      finding.says = error.message;
      return {std::move(finding)};
    }
  }

  std::vector<ParityFinding> sequences() {
    return or_failed("sequence", [&] {
      return compare_sequences(pair(), request_.structure, request_.drift, means_.stop);
    });
  }

  void compare_objects() {
    sequences_ = sequences();
    if (same_major())
      others_ = or_failed("structure", [&] { return compare_structures(pair(), notes_, means_.stop); });
    if (!databases()) return;
    for (ParityFinding& finding : compare_large_objects(pair(), request_.show, means_.stop))
      others_.push_back(std::move(finding));
    auto fact = [&](std::string const& name, std::string const& a, std::string const& b) {
      if (a == b) return;
      ParityFinding finding;
      finding.name = "database " + name;
      finding.kind = "database";
      finding.state = ParityState::different;
      finding.says = a + " here, " + b + " there";
      others_.push_back(std::move(finding));
    };
    fact("encoding", here_.facts().encoding, there_.facts().encoding);
    fact("collation", here_.facts().collate, there_.facts().collate);
    fact("character type", here_.facts().ctype, there_.facts().ctype);
  }

  // While somebody writes, two snapshots of two servers never show one moment: a row is different only when
  // it still is in another pair of them.
  void looks(ParityTables& tables) {
    bool const differing_sequences = std::any_of(sequences_.begin(), sequences_.end(),
                                                 [](auto const& finding) { return !holds(finding.state); });
    int look = 1;
    while (look < request_.looks && (tables.unsettled() || (differing_sequences && look == 1))) {
      readers_here_.close();
      readers_there_.close();
      if (look > 1) wait(request_.pause, means_.stop);
      bool still_here = false, still_there = false;
      at_once([&] { still_here = here_.open_again(); }, [&] { still_there = there_.open_again(); });
      if (look == 1 && still_here && still_there) break;
      if (look == 1) {
        // Somebody was at work on one of the servers. What is on its way gets its time.
        here_.close();
        there_.close();
        wait(request_.pause, means_.stop);
        at_once([&] { here_.open_again(); }, [&] { there_.open_again(); });
      }
      ++look;
      if (means_.progress) means_.progress->look = look;
      tables.look_again();
      if (differing_sequences) sequences_ = sequences();
    }
    readers_here_.close();
    readers_there_.close();
    here_.close();
    there_.close();
  }

  void tell(ParityTables const& tables) {
    auto const& findings = report_.findings;
    auto count = [&](auto const& wanted) {
      return std::count_if(findings.begin(), findings.end(), [&](auto const& finding) {
        return finding.kind == "table" && wanted(finding.state);
      });
    };
    auto const all = count([](ParityState) { return true; });
    auto const same = count([](ParityState state) { return state == ParityState::same; });
    auto const drifted = count([](ParityState state) { return state == ParityState::within_drift; });
    std::string text = fmt::format("{} as of {}, {} as of {}: {}", request_.here.name, here_.facts().taken_at,
                                   request_.there.name, there_.facts().taken_at, counted(all, "table"));
    if (all > 0) text += same == all ? ", all the same" : fmt::format(", {} the same", same);
    if (drifted > 0) text += fmt::format(", {} within the allowed drift", drifted);
    if (all > same + drifted) text += fmt::format(", {} not", all - same - drifted);
    auto const others = static_cast<std::ptrdiff_t>(findings.size()) - all;
    if (others > 0) text += fmt::format("; {} beside the tables", counted(others, "difference"));
    report_.notes.push_back(std::move(text));
    bool told = false;
    for (ParitySource const* side : {&here_, &there_})
      if (std::int64_t const rows = side->written(); rows > 0) {
        told = true;
        report_.notes.push_back(fmt::format("{} is being written: {} while it was compared",
                                            side->place().name, counted(rows, "row")));
      }
    if (tables.moved() && !told)
      report_.notes.push_back("one side is being written: rows changed between looks");
    if (auto const [settled, looks] = std::pair{tables.settled(), tables.looks()}; looks > 1)
      report_.notes.push_back(fmt::format("looked at what differed {} times: {} settled, {} still differ{}",
                                          looks, counted(settled, "row"), tables.still_differing(),
                                          tables.still_differing() == 1 ? "s" : ""));
    for (std::string& note : notes_) report_.notes.push_back(std::move(note));
  }

  void not_compared(bool same_encoding) {
    LeftOut const &a = here_.catalog().left_out, &b = there_.catalog().left_out;
    auto leave_out = [&](std::string const& what) { report_.notes.push_back("not compared: " + what); };
    if (!request_.digests)
      leave_out("contents, only how many rows there are (digests = false)");
    else if (!same_encoding)
      leave_out(fmt::format("contents, only how many rows there are: the encodings are {} and {}",
                            here_.facts().encoding, there_.facts().encoding));
    if (auto const names = joined(a.structure, b.structure); !names.empty())
      leave_out(fmt::format("the rows of {} that travel{} as structure only: {}",
                            counted(std::ssize(names), "table"), names.size() == 1 ? "s" : "",
                            listed(names)));
    if (auto const names = joined(a.foreign, b.foreign); !names.empty())
      leave_out("the rows of foreign tables: " + listed(names));
    if (auto const names = joined(a.materialized, b.materialized); !names.empty())
      leave_out("the rows of materialized views (only whether they are filled): " + listed(names));
    if (auto const names = joined(a.of_extensions, b.of_extensions); !names.empty())
      leave_out("the rows of tables that extensions made: " + listed(names));
    if (!request_.tables.empty())
      leave_out("everything but the rows of the tables that were named");
    else if (!same_major())
      leave_out(fmt::format("structure: PostgreSQL {} and {} word definitions in their own ways",
                            major_of(here_.facts().version), major_of(there_.facts().version)));
    if (request_.tables.empty())
      leave_out(databases() ? "schemas tenantsh and runbook, roles, and what belongs to a server"
                            : "large objects, extensions and what else belongs to the database");
    for (std::string const& glob : request_.structure)
      if (glob != "pgboss" && here_.catalog().fitting.count(glob) + there_.catalog().fitting.count(glob) == 0)
        report_.notes.push_back("no schema with a table fits structure = " + in_quotes(glob));
  }

  ParityRequest request_;
  ParityMeans means_;
  bool relative_;
  ParitySource here_, there_;
  ParityReaders readers_here_{here_}, readers_there_{there_};
  std::vector<ParityFinding> sequences_, others_;
  std::vector<std::string> notes_;
  ParityReport report_;
};

}  // namespace

std::string_view to_string(ParityState state) {
  switch (state) {
    case ParityState::same: return "same";
    case ParityState::within_drift: return "within drift";
    case ParityState::different: return "different";
    case ParityState::missing_here: return "missing here";
    case ParityState::missing_there: return "missing there";
    case ParityState::failed: return "failed";
  }
  return "?";
}

std::string_view to_string(RowDifference::What what) {
  switch (what) {
    case RowDifference::What::missing_here: return "missing here";
    case RowDifference::What::missing_there: return "missing there";
    case RowDifference::What::different: return "different";
    case RowDifference::What::more_here: return "more often here";
    case RowDifference::What::more_there: return "more often there";
  }
  return "?";
}

bool ParityReport::holds() const {
  return std::all_of(findings.begin(), findings.end(),
                     [](ParityFinding const& finding) { return fleet::holds(finding.state); });
}

std::size_t ParityReport::count(std::string_view kind, ParityState state) const {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), [&](auto const& finding) {
    return finding.kind == kind && finding.state == state;
  }));
}

ParityReport compare(ParityRequest const& request, ParityMeans const& means) {
  check(request);
  return Comparison{request, means}.run();
}

}  // namespace fleet
