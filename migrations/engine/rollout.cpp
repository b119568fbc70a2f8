#include "migrations/engine/rollout.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

#include "fleet/error.hpp"

namespace migrations {

namespace {

std::string_view trimmed(std::string_view text) {
  std::size_t const first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

// "3" or "5%" of `all`, rounded up; nothing for another text, zero or more than 100 %.
std::optional<std::size_t> amount(std::string_view text, std::size_t all) {
  bool const part = !text.empty() && text.back() == '%';
  if (part) text.remove_suffix(1);
  std::size_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  if (!part) return number;
  if (number > 100) return std::nullopt;
  return (all * number + 99) / 100;
}

}  // namespace

std::vector<Wave> make_waves(std::vector<std::string> const& targets,
                             std::vector<std::string> const& canaries, std::string_view sizes) {
  std::set<std::string_view> const first(canaries.begin(), canaries.end());
  Wave canary{"canary", {}};
  std::vector<std::string> others;
  for (std::string const& target : targets)
    (first.count(target) > 0 ? canary.targets : others).push_back(target);
  std::vector<Wave> waves;
  if (!canary.targets.empty()) waves.push_back(std::move(canary));
  std::size_t taken = 0;
  int number = 0;
  bool more = !trimmed(sizes).empty();
  while (more) {
    std::size_t const comma = sizes.find(',');
    std::string_view const text = trimmed(sizes.substr(0, comma));
    std::optional<std::size_t> const size = amount(text, targets.size());
    if (!size)
      throw fleet::Error{fleet::ErrorKind::usage, "waves: " + fleet::in_quotes(text) +
                                                      " is neither a number of tenants nor a percentage"}
          .with_hint("waves = \"1, 10%, 50%\": everyone else follows in a last wave");
    more = comma != std::string_view::npos;
    if (more) sizes.remove_prefix(comma + 1);
    Wave wave{"wave " + std::to_string(++number), {}};
    std::size_t const end = std::min(others.size(), taken + *size);
    wave.targets.assign(others.begin() + static_cast<std::ptrdiff_t>(taken),
                        others.begin() + static_cast<std::ptrdiff_t>(end));
    taken = end;
    if (!wave.targets.empty()) waves.push_back(std::move(wave));
  }
  if (taken < others.size())
    waves.push_back({waves.empty() ? "all" : "everyone else",
                     {others.begin() + static_cast<std::ptrdiff_t>(taken), others.end()}});
  return waves;
}

FailureLimit::FailureLimit(std::string_view text, std::size_t targets)
    : most_(std::numeric_limits<std::size_t>::max()) {
  if (trimmed(text).empty()) return;
  std::optional<std::size_t> const size = amount(trimmed(text), targets);
  if (!size)
    throw fleet::Error{fleet::ErrorKind::usage, "max_failures: " + fleet::in_quotes(text) +
                                                    " is neither a number of tenants nor a percentage"}
        .with_hint("max_failures = 3, or max_failures = \"5%\"");
  most_ = *size;
}

}  // namespace migrations
