#include "runbooks/engine/html.hpp"

#include <fmt/format.h>

#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

// Longer values are folded: a page stays readable that holds a whole dump's listing.
constexpr std::size_t long_value = 1500;

// Short words, times and numbers are not broken in two: the columns of text give way.
constexpr std::size_t short_word = 24;

std::string cell(Json const& value) {
  std::string const text = plain_text(value);
  bool const whole = text.size() <= short_word && text.find_first_of(" \n\t") == text.npos;
  return fmt::format("<td{}>{}</td>",
                     value.is_number() ? " class=\"number\""
                     : whole           ? " class=\"whole\""
                                       : "",
                     html_value(value));
}

// A column of numbers has its name above them, at the right.
bool is_numeric(Json const& rows, std::string const& name) {
  bool any = false;
  for (Json const& row : rows) {
    if (!row.contains(name) || row[name].is_null()) continue;
    if (!row[name].is_number()) return false;
    any = true;
  }
  return any;
}

// Tables may be wider than the page: the box around them is scrolled, by keys too.
std::string scrolled(std::string const& table, std::string const& name) {
  return fmt::format("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">{}</div>\n",
                     html_text(name), table);
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (char const c : clean_text(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string html_value(Json const& value) {
  std::string const text = plain_text(value);
  if (text.size() <= long_value) return html_text(text);
  return fmt::format("<details><summary>{} bytes</summary><pre>{}</pre></details>", text.size(),
                     html_text(text));
}

std::string html_table(Json const& rows, std::string const& caption) {
  auto const names = column_names(rows);
  std::string text = "<table>";
  if (!caption.empty()) text += fmt::format("<caption>{}</caption>", html_text(caption));
  text += "<thead><tr>";
  for (std::string const& name : names)
    text += fmt::format("<th scope=\"col\"{}>{}</th>", is_numeric(rows, name) ? " class=\"number\"" : "",
                        html_text(name));
  text += "</tr></thead>\n<tbody>\n";
  for (Json const& row : rows) {
    text += "<tr>";
    for (std::string const& name : names) text += row.contains(name) ? cell(row[name]) : "<td></td>";
    text += "</tr>\n";
  }
  return scrolled(text + "</tbody></table>", caption.empty() ? "table" : caption);
}

std::string html_pairs(Json const& object, std::string const& name, std::string const& value) {
  if (!object.is_object() || object.empty()) return {};
  std::string text = fmt::format(
      "<table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>\n",
      html_text(name), html_text(value));
  for (auto const& item : object.items())
    text += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_text(item.key()),
                        html_value(item.value()));
  return scrolled(text + "</tbody></table>", name + "s");
}

std::string html_outputs(Json const& outputs) {
  if (outputs.is_null() || (outputs.is_structured() && outputs.empty())) return {};
  if (is_table(outputs)) return html_table(outputs, {});
  if (!outputs.is_object()) return html_pairs({{"output", outputs}}, "output", "value");
  Json scalars = Json::object();
  std::string tables;
  for (auto const& item : outputs.items()) {
    if (is_table(item.value()))
      tables += html_table(item.value(), item.key());
    else
      scalars[item.key()] = item.value();
  }
  return html_pairs(scalars, "output", "value") + tables;
}

}  // namespace runbooks
