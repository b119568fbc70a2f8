#include "fleet/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unordered_set>
#include <utility>

#include "fleet/error.hpp"

namespace fleet {
namespace {

constexpr std::string_view label_prefix = "label.";

std::vector<std::string> const& plain_keys() {
  static std::vector<std::string> const keys{"slug", "status", "server", "region", "placement", "database"};
  return keys;
}

bool is_glob(std::string_view text) { return text.find_first_of("*?") != text.npos; }

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string did_you_mean(std::string_view word, std::vector<std::string> const& known) {
  auto const near = nearest(word, known);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

// The tenant's value of that key, nullopt when the key is none.
std::optional<std::string> value_of(Tenant const& tenant, std::string_view key) {
  if (key == "slug") return tenant.slug;
  if (key == "status") return std::string(to_string(tenant.status));
  if (key == "server") return tenant.server;
  if (key == "region") return tenant.region;
  if (key == "placement") return std::string(to_string(tenant.placement));
  if (key == "database") return tenant.database_name;
  if (key.substr(0, label_prefix.size()) == label_prefix && key.size() > label_prefix.size()) {
    auto const label = tenant.labels.find(std::string(key.substr(label_prefix.size())));
    return label == tenant.labels.end() ? std::string() : label->second;
  }
  return std::nullopt;
}

void check_condition(std::string const& key, std::string const& value) {
  if (!value_of(Tenant{}, key)) {
    throw Error(ErrorKind::usage, fmt::format("tenants are not chosen by {}{}", in_quotes(key),
                                              did_you_mean(key, plain_keys())))
        .with_hint("keys: slug, status, server, region, placement, database, label.NAME");
  }
  if (is_glob(value)) return;
  if (key == "status") parse_tenant_status(value);
  if (key == "placement") parse_placement(value);
  if (key == "slug") check_slug(value);
}

std::vector<std::string> slugs_in_file(std::string const& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(ErrorKind::usage, fmt::format("@{} is a folder, not a file of slugs", path));
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorKind::not_found, fmt::format("cannot read the file of slugs {}", path));
  std::vector<std::string> slugs;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::string_view rest = line;
    if (number == 1 && rest.substr(0, 3) == "\xEF\xBB\xBF") rest.remove_prefix(3);
    auto const slug = trimmed(rest.substr(0, rest.find('#')));
    if (slug.empty()) continue;
    try {
      check_slug(slug);
    } catch (Error& error) {
      error.message = fmt::format("{}:{}: {}", path, number, error.message);
      throw;
    }
    slugs.emplace_back(slug);
  }
  if (slugs.empty()) throw Error(ErrorKind::usage, fmt::format("{} names no tenant", path));
  return slugs;
}

[[noreturn]] void refuse_unknown(std::vector<std::string> const& missing, std::vector<Tenant> const& known) {
  std::vector<std::string> slugs;
  for (auto const& tenant : known) slugs.push_back(tenant.slug);
  constexpr std::size_t shown = 5;
  std::string names;
  for (std::size_t index = 0; index < missing.size() && index < shown; ++index) {
    auto const near = nearest(missing[index], slugs);
    names += fmt::format("{}\"{}\"", index == 0 ? "" : ", ", missing[index]);
    if (!near.empty()) names += fmt::format(" (did you mean \"{}\"?)", near);
  }
  if (missing.size() > shown) names += fmt::format(" and {} more", missing.size() - shown);
  throw Error(ErrorKind::not_found, fmt::format("no tenant{} {}", missing.size() == 1 ? "" : "s", names));
}

}  // namespace

Selection Selection::parse(std::string_view text) {
  text = trimmed(text);
  if (text.empty())
    throw Error(ErrorKind::usage, "no tenants chosen")
        .with_hint("all, a slug, a glob (ac*), key=value[,key=value] or @file");
  Selection selection;
  if (text[0] == '@') {
    if (text.size() == 1) throw Error(ErrorKind::usage, "@ needs the name of a file of slugs");
    selection = of_slugs(slugs_in_file(std::string(text.substr(1))));
    selection.text_ = std::string(text);
    return selection;
  }
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= text.size();) {
    auto const end = std::min(text.find(',', at), text.size());
    auto const part = trimmed(text.substr(at, end - at));
    at = end + 1;
    auto const equals = part.find('=');
    if (part.empty())
      throw Error(ErrorKind::usage, fmt::format("nothing between the commas of {}", in_quotes(text)));
    if (equals != part.npos) {
      selection = selection.where(std::string(trimmed(part.substr(0, equals))),
                                  std::string(trimmed(part.substr(equals + 1))));
    } else {
      names.emplace_back(part);
    }
  }
  if (names.size() == 1 && is_glob(names[0])) {
    selection = selection.where("slug", names[0]);
  } else if (!names.empty() && !(names.size() == 1 && names[0] == "all")) {
    for (auto const& name : names) {
      if (is_glob(name))
        throw Error(ErrorKind::usage, fmt::format("{}: a glob stands alone, not in a list", in_quotes(name)));
      check_slug(name);
    }
    auto const conditions = selection.conditions_;
    auto const slugs = selection.slugs_;
    selection = of_slugs(std::move(names));
    selection.conditions_ = conditions;
    for (auto const& slug : slugs) selection.conditions_.push_back({"slug", slug});
  }
  selection.text_ = std::string(text);
  return selection;
}

Selection Selection::of_slugs(std::vector<std::string> slugs) {
  Selection selection;
  selection.text_ = fmt::format("{}", fmt::join(slugs, ","));
  selection.slugs_ = std::move(slugs);
  selection.explicit_slugs_ = true;
  return selection;
}

Selection Selection::where(std::string const& key, std::string const& value) const {
  check_condition(key, value);
  auto narrowed = *this;
  if (key == "slug" && !is_glob(value) && !explicit_slugs_) {
    narrowed.explicit_slugs_ = true;
    narrowed.slugs_ = {value};
  } else {
    narrowed.conditions_.push_back({key, value});
  }
  auto const condition = key + "=" + value;
  narrowed.text_ = text_ == "all" ? condition : text_ + "," + condition;
  return narrowed;
}

bool Selection::names_status() const {
  return std::any_of(conditions_.begin(), conditions_.end(),
                     [](auto const& condition) { return condition.key == "status"; });
}

bool Selection::names_siblings() const {
  return explicit_slugs_ || std::any_of(conditions_.begin(), conditions_.end(), [](auto const& condition) {
           return condition.key == "status" || condition.key.starts_with(label_prefix) ||
                  (condition.key == "slug" && condition.value.find("-restore") != std::string::npos);
         });
}

Chosen choose(std::vector<Tenant> const& known, Selection const& selection) {
  std::unordered_set<std::string_view> wanted(selection.slugs_.begin(), selection.slugs_.end());
  if (selection.explicit_slugs_) {
    std::unordered_set<std::string_view> existing;
    for (auto const& tenant : known) existing.insert(tenant.slug);
    std::vector<std::string> missing;
    for (auto const& slug : selection.slugs_)
      if (existing.count(slug) == 0 && std::find(missing.begin(), missing.end(), slug) == missing.end())
        missing.push_back(slug);
    if (!missing.empty()) refuse_unknown(missing, known);
  }
  auto const any_status = selection.explicit_slugs_ || selection.names_status();
  auto const siblings_too = selection.names_siblings();
  Chosen chosen;
  for (auto const& tenant : known) {
    if (selection.explicit_slugs_ && wanted.count(tenant.slug) == 0) continue;
    auto const meant =
        std::all_of(selection.conditions_.begin(), selection.conditions_.end(), [&](auto const& condition) {
          return matches_glob(condition.value, value_of(tenant, condition.key).value_or(""));
        });
    if (!meant) continue;
    // A copy of a tenant is no tenant that anybody serves: it would be counted, migrated and seeded twice.
    if (!siblings_too && !value_of(tenant, "label.sibling_of")->empty()) {
      ++chosen.left_out["restored"];
      continue;
    }
    auto const asked =
        any_status || tenant.status == TenantStatus::active || tenant.status == TenantStatus::read_only;
    if (asked) {
      chosen.tenants.push_back(tenant);
    } else {
      ++chosen.left_out[std::string(to_string(tenant.status))];
    }
  }
  std::sort(chosen.tenants.begin(), chosen.tenants.end(),
            [](Tenant const& left, Tenant const& right) { return left.slug < right.slug; });
  return chosen;
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, in_text = 0, star = pattern.npos, retry = 0;
  while (in_text < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      retry = in_text;
    } else if (at < pattern.size() && pattern[at] == '?') {
      ++at;
      do ++in_text;
      while (in_text < text.size() && (static_cast<unsigned char>(text[in_text]) & 0xC0U) == 0x80U);  // UTF-8
    } else if (at < pattern.size() && pattern[at] == text[in_text]) {
      ++at;
      ++in_text;
    } else if (star != pattern.npos) {
      at = star + 1;
      in_text = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == pattern.npos;
}

std::string nearest(std::string_view word, std::vector<std::string> const& known) {
  auto const lower = [](char byte) { return std::tolower(static_cast<unsigned char>(byte)); };
  std::string best;
  std::size_t best_distance = word.npos;
  for (auto const& candidate : known) {
    auto const longer = std::max(word.size(), candidate.size());
    auto const shorter = std::min(word.size(), candidate.size());
    auto const allowed = (longer + 1) / 3;
    if (longer - shorter > allowed || longer > 200) continue;
    // Damerau-Levenshtein, neighbours swapped count once: the last three rows of the table.
    std::vector<std::size_t> before, last(candidate.size() + 1), row(candidate.size() + 1);
    for (std::size_t column = 0; column < last.size(); ++column) last[column] = column;
    for (std::size_t line = 1; line <= word.size(); ++line) {
      row[0] = line;
      for (std::size_t column = 1; column <= candidate.size(); ++column) {
        auto const same = lower(word[line - 1]) == lower(candidate[column - 1]);
        row[column] = std::min({last[column] + 1, row[column - 1] + 1, last[column - 1] + (same ? 0U : 1U)});
        if (line > 1 && column > 1 && lower(word[line - 1]) == lower(candidate[column - 2]) &&
            lower(word[line - 2]) == lower(candidate[column - 1]))
          row[column] = std::min(row[column], before[column - 2] + 1);
      }
      before = std::exchange(last, row);
    }
    if (last.back() > allowed || last.back() >= best_distance) continue;
    best = candidate;
    best_distance = last.back();
  }
  return best;
}

}  // namespace fleet
