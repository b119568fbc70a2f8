// Rows of `result` that write it: csv, json, markdown, vertical, save.

#include <fmt/format.h>

#include "scripting/result_rows.hpp"
#include "scripting/saved_file.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

class TextSink final : public fleet::CopySink {
 public:
  void write(std::string_view bytes) override { text.append(bytes); }
  std::string text;
};

void render(World& world, fleet::CopySink& sink, fleet::Result const& result, std::string_view format) {
  if (!world.render) throw Error{ErrorKind::failed, "this program cannot write " + std::string{format}};
  world.render(sink, result, format);
}

Answer rendered(World& world, Arguments const& arguments, std::string_view format) {
  TextSink sink;
  render(world, sink, table_of(arguments), format);
  return {Json(std::move(sink.text)), {}, {}};
}

Answer csv(World& world, Arguments const& arguments) { return rendered(world, arguments, "csv"); }
Answer json(World& world, Arguments const& arguments) { return rendered(world, arguments, "json"); }
Answer markdown(World& world, Arguments const& arguments) { return rendered(world, arguments, "markdown"); }
Answer vertical(World& world, Arguments const& arguments) { return rendered(world, arguments, "vertical"); }

Answer save(World& world, Arguments const& arguments) {
  SavedFile file{arguments.text("path")};
  bool const excel = arguments.boolean("excel");
  if (excel && file.format() != "csv")
    throw Error{ErrorKind::usage, "excel = true is for files that end in .csv, not " + file.path()};
  render(world, file, table_of(arguments), excel ? "excel" : file.format());
  file.commit();
  return {Json(file.path()), {}, {}};
}

std::vector<std::string> describe_save(World&, Arguments const& arguments) {
  return {fmt::format("write {} rows to {}", table_of(arguments).rows(), arguments.text("path"))};
}

}  // namespace

void add_result_files(Registry& registry) {
  std::string const all = "tenants:list()";

  Method made = result_method(
      "csv", "text", "Comma-separated with a header; NULL is empty, the empty text is \"\".", all + ":csv()");
  made.run = csv;
  registry.add(made);
  made = result_method("json", "text", "An array of objects; numbers as numbers, NULL as null.",
                       all + ":json()");
  made.run = json;
  registry.add(made);
  made = result_method("markdown", "text", "A table in Markdown.", all + ":markdown()");
  made.run = markdown;
  registry.add(made);
  made =
      result_method("vertical", "text", "Each row as a block of lines, a line for a column; nothing is cut.",
                    all + ":vertical()");
  made.run = vertical;
  registry.add(made);

  made = result_method(
      "save", "text: the path",
      "Writes the rows to a file; its ending says the format. With excel the CSV has a byte order mark and "
      "\\r\\n, long numbers and texts of digits are written =\"…\" so that no digit is lost, and a "
      "text that begins with = + - or @ gets an apostrophe so that it is no formula.",
      all + ":save(\"/tmp/tenants.csv\")");
  made.effect = Effect::write;
  made.parameters = {{.name = "path",
                      .type = Type::path,
                      .required = true,
                      .positional = true,
                      .brief = "ends in .csv .tsv .json .jsonl .md or .html"},
                     {.name = "excel",
                      .type = Type::boolean,
                      .default_text = "false",
                      .brief = "a .csv for people with a spreadsheet program"}};
  made.errors = "usage for another ending; io when it cannot be written";
  made.io = true;
  made.asks = false;
  made.run = save;
  made.describe = describe_save;
  registry.add(made);
}

}  // namespace scripting
