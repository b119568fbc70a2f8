#include "runbooks/laboratory/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <set>

#include "fleet/error.hpp"

namespace runbooks {

namespace {

// A statement that can leave something behind; BEGIN and reads cannot.
bool writes(std::string const& sql) {
  std::string word;
  for (char const c : sql) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
      if (word.empty()) continue;
      break;
    }
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  static std::set<std::string> const harmless{"SELECT",  "VALUES",   "SHOW",    "BEGIN", "SET",
                                              "DISCARD", "ROLLBACK", "EXPLAIN", ""};
  return !harmless.contains(word);
}

// The first, a middle one, the last COMMIT and the last that writes of a step's statements.
std::set<int> telling_statements(std::vector<Place> const& sent) {
  int commit = 0;
  std::set<int> chosen{sent.front().ordinal, sent[sent.size() / 2].ordinal};
  for (Place const& place : sent)
    if (place.sql == "COMMIT") commit = place.ordinal;
  if (commit > 0) chosen.insert(commit);
  auto const last =
      std::find_if(sent.rbegin(), sent.rend(), [](Place const& place) { return writes(place.sql); });
  chosen.insert(last == sent.rend() ? sent.back().ordinal : last->ordinal);
  return chosen;
}

bool lies_at(std::string const& step, std::string const& at) {
  return at.empty() || step == at || step.starts_with(at + "/");
}

// A number that is the same everywhere and spreads what is alike.
std::size_t spread(std::string const& text) {
  std::size_t value = 2166136261U;
  for (char const c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U % 1000003U;
  return value;
}

std::vector<Cell> thin_out(std::vector<Cell> const& cells, std::size_t wanted) {
  if (cells.empty()) return cells;
  std::map<std::string, std::vector<std::size_t>> kinds;  // what must be there at least once
  for (std::size_t i = 0; i < cells.size(); ++i)
    kinds[fmt::format("{} {} {}", cells[i].place.moment, to_string(cells[i].fault),
                      cells[i].delivery == Delivery::late)]
        .push_back(i);
  std::set<std::size_t> chosen;
  for (auto const& [kind, members] : kinds) chosen.insert(members[spread(kind) % members.size()]);
  // The rest in strides that come to every cell once.
  std::size_t stride = cells.size() * 5 / 8 + 1;
  while (std::gcd(stride, cells.size()) != 1) ++stride;
  for (std::size_t i = 0; chosen.size() < std::min(wanted, cells.size()); ++i)
    chosen.insert(i * stride % cells.size());
  std::vector<Cell> sample;
  for (std::size_t const i : chosen) sample.push_back(cells[i]);
  return sample;
}

}  // namespace

std::vector<Fault> all_faults() {
  return {Fault::kill, Fault::cut, Fault::terminate, Fault::restart, Fault::outage};
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::kill: return "kill";
    case Fault::cut: return "cut";
    case Fault::terminate: return "terminate";
    case Fault::restart: return "restart";
    case Fault::outage: return "outage";
  }
  return "";
}

std::vector<Fault> parse_faults(std::string const& text) {
  std::vector<Fault> faults;
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t const end = std::min(text.find(',', from), text.size());
    std::string const name = text.substr(from, end - from);
    from = end + 1;
    auto const all = all_faults();
    auto const found =
        std::find_if(all.begin(), all.end(), [&](Fault fault) { return to_string(fault) == name; });
    if (found == all.end())
      throw fleet::Error{fleet::ErrorKind::usage, fmt::format("there is no fault \"{}\"", name)}.with_hint(
          "kill, cut, terminate, restart, outage; several with commas");
    if (std::find(faults.begin(), faults.end(), *found) == faults.end()) faults.push_back(*found);
  }
  return faults;
}

std::string Cell::row() const {
  std::string text = place.moment;
  if (of > 1) text += fmt::format(" {}/{}", place.ordinal, of);
  return delivery == Delivery::late ? text + ", late" : text;
}

std::vector<Cell> lay_out(std::vector<Place> const& recorded, CellChoice const& choice) {
  std::map<std::string, std::vector<Place>> sent;  // by step
  std::map<std::pair<std::string, std::string>, int> times;
  for (Place const& place : recorded) {
    ++times[{place.moment, place.step}];
    if (place.moment == "sent") sent[place.step].push_back(place);
  }
  std::map<std::string, std::set<int>> telling;
  for (auto const& [step, places] : sent) telling[step] = telling_statements(places);

  std::vector<Cell> cells;
  for (Place const& place : recorded) {
    if (place.moment == "sending" || !lies_at(place.step, choice.at)) continue;
    if (place.moment == "sent" && !choice.all_statements && !telling[place.step].contains(place.ordinal))
      continue;
    int const of = times[{place.moment, place.step}];
    for (Fault const fault : choice.faults) cells.push_back({place, fault, Delivery::prompt, of});
    if (place.moment != "sent") continue;
    for (Fault const fault : choice.faults)
      if (fault == Fault::kill || fault == Fault::cut) cells.push_back({place, fault, Delivery::late, of});
  }
  return choice.sample > 0 ? thin_out(cells, static_cast<std::size_t>(choice.sample)) : cells;
}

}  // namespace runbooks
