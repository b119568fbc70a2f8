#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fleet/result.hpp"
#include "fleet/session.hpp"
#include "fleet/streamed_rows.hpp"
#include "scripting/value.hpp"

namespace shell {

enum class Format { table, vertical, csv, tsv, json, jsonl, markdown, html };
// Error{usage} lists the known ones and suggests the nearest.
Format parse_format(std::string_view name);
std::string_view to_string(Format format);

enum class Screen { no, yes };  // is a person looking at a terminal?

// Is the CSV for a spreadsheet program? Then it begins with a byte order mark, lines end in \r\n, and what
// such a program would take for something else is kept from it: a text that begins with = + - @ (tab,
// carriage return) gets an apostrophe in front, so that no formula of a stranger runs; numbers of more than
// 15 digits and texts of digits are written ="…", so that no digit and no leading zero is lost. NULL and ''
// look the same there. Such a file is for people: other programs should get the plain one.
enum class Spreadsheet { no, yes };

struct RenderOptions {
  Format format = Format::table;
  // A terminal gets a row count, lines cut to `width`, and no control characters in any format.
  Screen screen = Screen::no;
  std::size_t width = 0;  // columns; 0: nothing is cut
  std::size_t rows = 0;   // that a terminal is shown of a table, with a line that tells of the rest; 0: all
  Spreadsheet spreadsheet = Spreadsheet::no;
  std::string null = "∅";  // NULL in tables; the delimited formats and JSON have their own
  std::function<std::string(std::string)> redact;  // puts references in place of secrets; applied per value
};

// How rows become text as they come, for the formats that need not see the last row before they print the
// first: csv, tsv, jsonl; nullptr for the others. The same text as render() of all of them.
std::unique_ptr<fleet::RowFormat> row_format(Format format, Screen screen);

// Writes `value` to `out`. Rows' failures are not among it: they belong to standard error.
// Formats: table and vertical for people; csv RFC 4180 with \n line ends, NULL empty and the empty string "";
// tsv with \t \n \\ escaped and NULL as \N; json one array of objects, column order kept; jsonl an object a
// line.
void render(fleet::CopySink& out, scripting::Value const& value, RenderOptions const& options);
void render(fleet::CopySink& out, fleet::Result const& result, RenderOptions const& options);

}  // namespace shell
