#include "migrations/engine/sections.hpp"

#include <algorithm>
#include <cctype>

#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t const begin = text.find_first_not_of(" \t\r", i);
    if (begin == std::string_view::npos) break;
    i = std::min(text.find_first_of(" \t\r", begin), text.size());
    words.emplace_back(text.substr(begin, i - begin));
  }
  return words;
}

struct Mark {
  enum class Kind { scope, direction, no_transaction, none, unknown } kind = Kind::none;
  Scope scope = Scope::tenant;
  Direction direction = Direction::up;
  bool no_transaction = false;
  std::string word;  // what is not known
};

Mark goose_mark(std::vector<std::string> const& words) {
  std::string what;
  for (std::size_t i = 1; i < words.size(); ++i) what += (i > 1 ? " " : "") + upper(words[i]);
  if (what == "UP") return {Mark::Kind::direction, {}, Direction::up, false, {}};
  if (what == "DOWN") return {Mark::Kind::direction, {}, Direction::down, false, {}};
  if (what == "NO TRANSACTION") return {Mark::Kind::no_transaction, {}, {}, false, {}};
  if (what == "STATEMENTBEGIN" || what == "STATEMENTEND") return {};
  return {Mark::Kind::unknown, {}, {}, false, "-- +goose " + what};
}

Mark dbmate_mark(std::vector<std::string> const& words) {
  Mark mark{
      Mark::Kind::direction, {}, words[0] == "migrate:down" ? Direction::down : Direction::up, false, {}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "transaction:false")
      mark.no_transaction = true;
    else if (words[i] != "transaction:true")
      return {Mark::Kind::unknown, {}, {}, false, "-- " + words[0] + " " + words[i]};
  }
  return mark;
}

// "===== TENANT MIGRATIONS =====", with or without the marks around it made of = or -.
Mark scope_mark(std::vector<std::string> words) {
  auto const rule = [](std::string const& word) { return word.find_first_not_of("=") == std::string::npos; };
  if (words.size() < 4 || !rule(words.front()) || !rule(words.back())) return {};
  if (words.size() != 4 || upper(words[2]) != "MIGRATIONS") return {};
  std::string const whose = upper(words[1]);
  if (whose == "PLATFORM" || whose == "MASTER") return {Mark::Kind::scope, Scope::master, {}, false, {}};
  if (whose == "TENANT") return {Mark::Kind::scope, Scope::tenant, {}, false, {}};
  return {Mark::Kind::unknown, {}, {}, false, "-- ===== " + whose + " MIGRATIONS ====="};
}

Mark mark_of(std::string_view line) {
  if (line.substr(0, 2) != "--") return {};
  std::vector<std::string> const words = words_of(line.substr(2));
  if (words.empty()) return {};
  if (words[0] == "+goose") return goose_mark(words);
  if (words[0] == "migrate:up" || words[0] == "migrate:down") return dbmate_mark(words);
  return scope_mark(words);
}

// Most files have none: those are not read twice.
bool may_be_marked(std::string_view text) {
  for (std::string_view sign : {"migrate:", "+goose", "===", "MIGRATIONS"})
    if (text.find(sign) != std::string_view::npos) return true;
  return false;
}

bool only_comments(std::string_view text) {
  for (Region const& region : regions(text)) {
    if (region.kind == Stretch::comment) continue;
    std::string_view const part = text.substr(region.begin, region.end - region.begin);
    if (region.kind != Stretch::code || part.find_first_not_of(" \t\r\n;") != std::string_view::npos)
      return false;
  }
  return true;
}

}  // namespace

Sections read_sections(std::string_view text) {
  Sections found;
  Section now;
  auto close = [&](std::size_t end) {
    now.end = end;
    if (found.marked) found.parts.push_back(now);
  };
  auto mistake = [&](std::size_t offset, std::string message, std::string hint) {
    found.mistakes.push_back({line_of(text, offset), std::move(message), std::move(hint)});
  };
  auto begin_section = [&](std::size_t line_begin, std::size_t line_end) {
    if (!found.marked) {
      found.preamble_end = line_begin;
      found.marked = true;
    } else {
      close(line_begin);
    }
    now.begin = line_end;
  };
  bool goose_without = false;
  if (may_be_marked(text)) {
    for (Region const& region : regions(text)) {
      bool const first =
          region.begin == 0 || text[region.begin - 1] == '\n' || text[region.begin - 1] == '\r';
      if (region.kind != Stretch::comment || !first) continue;
      Mark const mark = mark_of(text.substr(region.begin, region.end - region.begin));
      std::size_t const after = std::min(region.end + 1, text.size());
      switch (mark.kind) {
        case Mark::Kind::none: break;
        case Mark::Kind::unknown:
          mistake(
              region.begin, "`" + mark.word + "` is not known",
              "known: -- ===== PLATFORM MIGRATIONS =====, -- ===== TENANT MIGRATIONS =====, -- migrate:up, "
              "-- migrate:down, -- +goose Up, -- +goose Down, -- +goose NO TRANSACTION");
          break;
        case Mark::Kind::no_transaction: goose_without = true; break;
        case Mark::Kind::scope:
          begin_section(region.begin, after);
          now.scope = mark.scope;
          now.direction = Direction::up;
          now.no_transaction = false;
          found.scoped = true;
          break;
        case Mark::Kind::direction:
          // A file without `-- migrate:up` has its way up above `-- migrate:down`.
          if (!found.marked && mark.direction == Direction::down &&
              !only_comments(text.substr(0, region.begin))) {
            found.marked = true;
            found.preamble_end = 0;
            close(region.begin);
            now.begin = after;
          } else {
            begin_section(region.begin, after);
          }
          now.direction = mark.direction;
          now.no_transaction = mark.no_transaction;
          break;
      }
    }
  }
  if (!found.marked) {
    now.no_transaction = goose_without;
    now.end = text.size();
    found.parts.push_back(now);
    return found;
  }
  close(text.size());
  for (Section& section : found.parts) section.no_transaction = section.no_transaction || goose_without;
  if (found.preamble_end > 0 && !only_comments(text.substr(0, found.preamble_end)))
    mistake(0, "a statement stands above the first mark, in no section", "move it below one");
  // Between a mark of scope and one of direction stand comments only: not a section.
  std::vector<Section> parts;
  for (std::size_t i = 0; i < found.parts.size(); ++i) {
    Section const& part = found.parts[i];
    bool const only_head = i + 1 < found.parts.size() && found.parts[i + 1].scope == part.scope &&
                           part.direction == Direction::up && found.parts[i + 1].direction == Direction::up &&
                           only_comments(text.substr(part.begin, part.end - part.begin));
    if (!only_head) parts.push_back(part);
  }
  found.parts = std::move(parts);
  for (std::size_t i = 0; i < found.parts.size(); ++i) {
    Section const& part = found.parts[i];
    for (std::size_t k = 0; k < i; ++k)
      if (found.parts[k].scope == part.scope && found.parts[k].direction == part.direction)
        mistake(part.begin == 0 ? 0 : part.begin - 1, "a second section for the same scope and direction",
                "put its statements into the first one");
    if (found.scoped && !part.scope)
      mistake(part.begin == 0 ? 0 : part.begin - 1,
              "this section stands above the first PLATFORM or TENANT mark", "move it below one");
  }
  return found;
}

}  // namespace migrations
