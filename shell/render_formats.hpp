#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/render.hpp"

// What the renderers of the single formats share; included by shell/render*.cpp only.
namespace shell {

// Column names as they are printed: a repeated one gets _2, _3.
std::vector<std::string> printed_names(fleet::Result const& result);
bool is_number(std::uint32_t type);
// "1,234,567"
std::string grouped_digits(std::size_t number);

// A cell with secrets replaced, nullopt for NULL.
std::optional<std::string> cell_text(fleet::Result const& result, std::size_t row, std::size_t column,
                                     RenderOptions const& options);

// Collects text and hands it on in pieces of some size; the rest when it ends.
class Chunks {
 public:
  explicit Chunks(fleet::CopySink& out) : out_(out) {}
  Chunks(Chunks const&) = delete;
  Chunks& operator=(Chunks const&) = delete;
  Chunks& operator+=(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() > 32768) finish();
    return *this;
  }
  void finish() {
    out_.write(buffer_);
    buffer_.clear();
  }

 private:
  fleet::CopySink& out_;
  std::string buffer_;
};

void render_table(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_vertical(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_csv(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_tsv(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_json(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_jsonl(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_markdown(Chunks& out, fleet::Result const& result, RenderOptions const& options);
void render_html(Chunks& out, fleet::Result const& result, RenderOptions const& options);

// The formats that print a row at a time as it comes.
std::unique_ptr<fleet::RowFormat> csv_rows(Screen screen);
std::unique_ptr<fleet::RowFormat> tsv_rows(Screen screen);
std::unique_ptr<fleet::RowFormat> jsonl_rows();

// JSON text of a value, numbers that JSON lacks as "NaN", "Infinity", "-Infinity". `indent` < 0: one line.
std::string json_text(scripting::Json const& value, int indent = -1);
std::string json_string(std::string_view text);
// A value that is no table of rows: a card as an object, a handle as its name.
scripting::Json json_of(scripting::Value const& value);
// One row as a JSON object; `names` from printed_names().
std::string json_row(fleet::Result const& result, std::size_t row, std::vector<std::string> const& names,
                     RenderOptions const& options);

}  // namespace shell
