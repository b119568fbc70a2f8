#include "shell/entry_paint.hpp"

#include <algorithm>

#include "shell/text_width.hpp"

namespace shell {
namespace {

constexpr char const* plain_style = "\x1b[0m";

char const* sequence(Style style) {
  switch (style) {
    case Style::keyword: return "\x1b[35m";
    case Style::text: return "\x1b[32m";
    case Style::number: return "\x1b[33m";
    case Style::comment: return "\x1b[90m";
    case Style::known: return "\x1b[36m";
    case Style::unknown: return "\x1b[4;31m";
    case Style::plain: break;
  }
  return plain_style;
}

// The end of the SGR sequence that begins at `at`; `at` when none does.
std::size_t sequence_end(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\x1b[") return at;
  std::size_t const end = text.find('m', at);
  return end == text.npos ? text.size() : end + 1;
}

// Fills rows with clusters; opens a new one where the next does not fit.
class Rows {
 public:
  explicit Rows(std::size_t columns) : columns_(columns) { rows_.emplace_back(); }

  void put(std::string_view bytes, std::size_t width) {
    if (column_ + width > columns_) wrap();
    rows_.back() += bytes;
    column_ += width;
  }
  void control(std::string_view bytes) { rows_.back() += bytes; }  // takes no column
  // A cursor behind the last column stands in the next row.
  void make_room() {
    if (column_ >= columns_) wrap();
  }
  void new_line(std::string_view margin, std::size_t width) {
    style(Style::plain);
    rows_.emplace_back(margin);
    column_ = width;
  }
  void style(Style now) {
    if (now == style_) return;
    rows_.back() += sequence(now);
    style_ = now;
  }
  std::size_t row() const { return rows_.size() - 1; }
  std::size_t column() const { return column_; }
  std::vector<std::string> take() {
    style(Style::plain);
    return std::move(rows_);
  }

 private:
  void wrap() {
    Style const here = style_;
    style(Style::plain);
    rows_.emplace_back();
    column_ = 0;
    style(here);
  }

  std::size_t columns_;
  std::size_t column_ = 0;
  Style style_ = Style::plain;
  std::vector<std::string> rows_;
};

void put_prompt(Rows& rows, std::string_view prompt) {
  for (std::size_t at = 0; at < prompt.size();) {
    if (std::size_t const end = sequence_end(prompt, at); end != at) {
      rows.control(prompt.substr(at, end - at));
      at = end;
      continue;
    }
    Cluster const cluster = cluster_at(prompt, at);
    rows.put(prompt.substr(at, cluster.bytes), cluster.width);
    at += cluster.bytes;
  }
}

void put_cluster(Rows& rows, std::string_view bytes, std::size_t width) {
  auto const first = static_cast<unsigned char>(bytes[0]);
  if (first == '\t') {
    std::size_t const blanks = 8 - rows.column() % 8;
    for (std::size_t i = 0; i < blanks; ++i) rows.put(" ", 1);
  } else if (first < 0x20 || first == 0x7f) {
    std::string const shown{'^', static_cast<char>(first ^ 0x40)};
    rows.put(shown, 2);
  } else {
    std::string const shown = printable(bytes);
    rows.put(shown, shown == bytes ? width : shown.size());
  }
}

// The rows around the cursor, no more than `height` of them.
void keep_part(Painted& painted, std::size_t height) {
  if (painted.rows.size() <= height || height == 0) return;
  std::size_t const last = std::max(painted.cursor_row + 1, height);
  std::size_t const first = last - height;
  painted.rows.erase(painted.rows.begin() + static_cast<std::ptrdiff_t>(last), painted.rows.end());
  painted.rows.erase(painted.rows.begin(), painted.rows.begin() + static_cast<std::ptrdiff_t>(first));
  painted.cursor_row -= first;
}

}  // namespace

std::size_t prompt_width(std::string_view text) {
  std::string bare;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const end = sequence_end(text, at);
    if (end == at) bare += text[at++];
    at = std::max(at, end);
  }
  return display_width(bare);
}

Painted paint(EntryView const& view) {
  Rows rows{std::max<std::size_t>(view.columns, 4)};
  put_prompt(rows, view.prompt);
  std::size_t const width = prompt_width(view.prompt);
  std::string const margin =
      width >= 2 && width < view.columns / 2 ? std::string(width - 2, '.') + "> " : std::string{};
  Painted painted;
  auto span = view.spans.begin();
  auto note_cursor = [&] {
    rows.make_room();
    painted.cursor_row = rows.row();
    painted.cursor_column = rows.column();
  };
  for (std::size_t at = 0; at < view.text.size();) {
    if (at == view.cursor) note_cursor();
    while (span != view.spans.end() && span->end <= at) ++span;
    rows.style(span != view.spans.end() && span->begin <= at ? span->style : Style::plain);
    if (view.text[at] == '\n') {
      rows.new_line(margin, margin.size());
      ++at;
      continue;
    }
    Cluster const cluster = cluster_at(view.text, at);
    put_cluster(rows, view.text.substr(at, cluster.bytes), cluster.width);
    at += cluster.bytes;
  }
  if (view.cursor >= view.text.size()) note_cursor();
  painted.rows = rows.take();
  keep_part(painted, view.rows);
  return painted;
}

}  // namespace shell
