#include "migrations/engine/lint_allow.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>

namespace migrations {

namespace {

bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : std::isdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

// What stands behind "-- tenantsh: allow"; nothing for another comment.
std::optional<std::string_view> words_of(std::string_view comment) {
  auto const skip = [&](std::string_view word) {
    std::size_t const first = comment.find_first_not_of(" \t");
    if (first == std::string_view::npos || comment.substr(first, word.size()) != word) return false;
    comment.remove_prefix(first + word.size());
    return true;
  };
  if (!skip("--") || !skip("tenantsh:") || !skip("allow")) return std::nullopt;
  if (!comment.empty() && comment[0] != ' ' && comment[0] != '\t' && comment[0] != '\r') return std::nullopt;
  return comment;
}

void read_words(std::string_view text, Allow& allow) {
  std::istringstream stream{std::string{text}};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  std::size_t at = 0;
  bool more = true;
  while (more && at < words.size()) {
    std::string word = words[at++];
    more = word.back() == ',';
    std::istringstream list{word};
    for (std::string rule; std::getline(list, rule, ',');)
      if (!rule.empty()) allow.rules.push_back(rule);
  }
  for (; at < words.size(); ++at) {
    if (words[at] == "until" && at + 1 < words.size() && is_date(words[at + 1])) {
      allow.until = words[++at];
      continue;
    }
    allow.reason += (allow.reason.empty() ? "" : " ") + words[at];
  }
}

class Reach {
 public:
  Reach(std::string_view text, Ranges const& statements) : text_(text), statements_(statements) {}

  void set(Allow& allow) const {
    std::size_t const line = start_of_line(allow.offset);
    if (text_.substr(line, allow.offset - line).find_first_not_of(" \t") != std::string_view::npos) {
      allow.begin = line;
      allow.end = end_of_line(allow.offset);
      return;
    }
    // Down through the comment lines to the first other line.
    std::size_t below = next_line(allow.offset);
    while (below < text_.size() && first_of(below, 2) == "--") below = next_line(below);
    bool const blank = below >= text_.size() || first_of(below, 1).empty();
    std::size_t const statement = next_statement(allow.offset);
    bool const top = statements_.empty() || allow.offset < statements_.front().first;
    if (blank && top) {
      allow.begin = 0;
      allow.end = text_.size() + 1;
    } else if (inside(allow.offset)) {
      allow.begin = below;
      allow.end = end_of_line(below);
    } else if (statement < statements_.size()) {
      allow.begin = statements_[statement].first;
      allow.end = statements_[statement].second;
    }
  }

 private:
  std::size_t start_of_line(std::size_t at) const {
    std::size_t const before = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
    return before == std::string_view::npos ? 0 : before + 1;
  }
  std::size_t end_of_line(std::size_t at) const { return std::min(text_.find('\n', at), text_.size()); }
  std::size_t next_line(std::size_t at) const { return std::min(end_of_line(at) + 1, text_.size()); }
  // The first `count` characters of a line behind its blanks; fewer where it ends.
  std::string_view first_of(std::size_t line, std::size_t count) const {
    std::size_t const end = end_of_line(line);
    std::size_t at = line;
    while (at < end && std::isspace(static_cast<unsigned char>(text_[at])) != 0) ++at;
    return text_.substr(at, std::min(count, end - at));
  }
  std::size_t next_statement(std::size_t offset) const {
    return static_cast<std::size_t>(
        std::upper_bound(statements_.begin(), statements_.end(), offset,
                         [](std::size_t value, auto const& range) { return value < range.first; }) -
        statements_.begin());
  }
  bool inside(std::size_t offset) const {
    std::size_t const next = next_statement(offset);
    return next > 0 && offset < statements_[next - 1].second;
  }

  std::string_view text_;
  Ranges const& statements_;
};

}  // namespace

std::vector<Allow> read_allows(std::string_view text, Ranges const& comments, Ranges const& statements) {
  std::vector<Allow> allows;
  Reach const reach{text, statements};
  for (auto const& [begin, end] : comments) {
    auto const words = words_of(text.substr(begin, end - begin));
    if (!words) continue;
    Allow allow;
    allow.offset = begin;
    read_words(*words, allow);
    reach.set(allow);
    allows.push_back(std::move(allow));
  }
  return allows;
}

}  // namespace migrations
