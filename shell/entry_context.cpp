#include "shell/entry_context.hpp"

#include <cctype>
#include <vector>

namespace shell {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::size_t skip_blanks_back(std::string_view text, std::size_t end) {
  while (end > 0 && is_blank(text[end - 1])) --end;
  return end;
}

// A bracket that is open at the cursor.
struct Open {
  char bracket;
  std::size_t at;
  int commas = 0;
  std::size_t piece = 0;  // where the argument or field began
};

// Brackets and quoted text that are closed before `end`, walked backwards: where the one that ends there
// begins.
std::size_t opening(std::string_view text, std::size_t end) {
  int depth = 0;
  for (std::size_t i = end; i-- > 0;) {
    char const c = text[i];
    if (c == '"' || c == '\'') {
      std::size_t const begin = i == 0 ? text.npos : text.rfind(c, i - 1);
      if (begin == text.npos) return text.npos;
      i = begin;
      if (depth == 0) return begin;
    } else if (c == ')' || c == '}' || c == ']') {
      ++depth;
    } else if (c == '(' || c == '{' || c == '[') {
      if (--depth == 0) return i;
      if (depth < 0) return text.npos;
    }
  }
  return text.npos;
}

// "tenants:where{…}:query" that ends at `end`.
std::string chain_before(std::string_view text, std::size_t end) {
  end = skip_blanks_back(text, end);
  std::size_t begin = end;
  while (begin > 0) {
    char const c = text[begin - 1];
    if (is_word(c)) {
      --begin;
      // A blank before a word ends the chain, unless a dot or colon joins it.
      std::size_t const before = skip_blanks_back(text, begin);
      if (before == 0 || before != begin) {
        if (before == 0 || (text[before - 1] != '.' && text[before - 1] != ':')) break;
        begin = before;
      }
    } else if (c == '.' || c == ':') {
      begin = skip_blanks_back(text, begin - 1);
    } else if (c == ')' || c == '}' || c == ']' || c == '"' || c == '\'') {
      std::size_t const open = opening(text, begin);
      if (open == text.npos) break;
      begin = open;
      std::size_t const before = skip_blanks_back(text, begin);
      if (before > 0 && (is_word(text[before - 1]) || text[before - 1] == ']' || text[before - 1] == ')'))
        begin = before;
    } else {
      break;
    }
  }
  return std::string{text.substr(begin, end - begin)};
}

// The name before a single = that stands before `at`: { region = ‸ }.
std::string key_before(std::string_view text, std::size_t at) {
  std::size_t const end = skip_blanks_back(text, at);
  if (end < 2 || text[end - 1] != '=' || text[end - 2] == '=') return {};
  std::size_t const name = skip_blanks_back(text, end - 1);
  std::size_t begin = name;
  while (begin > 0 && is_word(text[begin - 1])) --begin;
  return std::string{text.substr(begin, name - begin)};
}

std::size_t long_open(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  while (i < text.size() && text[i] == '=') ++i;
  return i < text.size() && text[i] == '[' ? i + 1 : at;
}

}  // namespace

EntryContext context_at(std::string_view whole, std::size_t cursor) {
  std::string_view const text = whole.substr(0, cursor);
  EntryContext context;
  std::vector<Open> open;
  for (std::size_t at = 0; at < text.size();) {
    char const c = text[at];
    bool const comment = text.substr(at, 2) == "--";
    std::size_t const start = comment ? at + 2 : at;
    std::size_t const content = start < text.size() && text[start] == '[' ? long_open(text, start) : start;
    if (content != start) {
      std::string const close = "]" + std::string(content - start - 2, '=') + "]";
      std::size_t const end = text.find(close, content);
      if (end == text.npos) {
        context.in_string = !comment;
        context.in_comment = comment;
        context.string = content;
        if (!comment) context.called = chain_before(text, at);
        break;
      }
      at = end + close.size();
    } else if (comment) {
      std::size_t const end = text.find('\n', at);
      context.in_comment = end == text.npos;
      at = end == text.npos ? text.size() : end;
    } else if (c == '"' || c == '\'') {
      std::size_t end = at + 1;
      while (end < text.size() && text[end] != c && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) {
        context.in_string = true;
        context.string = at + 1;
        context.called = chain_before(text, at);
        break;
      }
      at = end + 1;
    } else {
      if (c == '(' || c == '{' || c == '[') open.push_back({c, at, 0, at + 1});
      if ((c == ')' || c == '}' || c == ']') && !open.empty()) open.pop_back();
      if (c == ',' && !open.empty()) {
        ++open.back().commas;
        open.back().piece = at + 1;
      }
      ++at;
    }
  }
  std::size_t const value = context.in_string ? context.string - 1 : text.size();
  context.word = text.size();
  while (context.word > (context.in_string ? context.string : 0) && is_word(text[context.word - 1]))
    --context.word;
  std::size_t const before = skip_blanks_back(text, context.in_string ? value : context.word);
  context.before_word = before > 0 ? text[before - 1] : '\0';
  if (!context.in_string && !context.in_comment &&
      (context.before_word == '.' || context.before_word == ':') &&
      !(before > 1 && text[before - 2] == context.before_word))
    context.chain = chain_before(text, before - 1);
  if (!open.empty()) {
    context.bracket = open.back().bracket;
    context.bracket_at = open.back().at;
    context.argument = open.back().commas;
    context.key = key_before(text, context.in_string ? value : context.word);
    bool const directly = context.in_string && !context.called.empty();  // f"…"
    if (!directly) context.called = chain_before(text, context.bracket_at);
    // f({ … }): the call is the one around.
    if (!directly && context.called.empty() && context.bracket == '{' && open.size() > 1)
      context.called = chain_before(text, open[open.size() - 2].at);
  }
  return context;
}

}  // namespace shell
