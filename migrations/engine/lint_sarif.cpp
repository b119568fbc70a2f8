#include "migrations/engine/lint_sarif.hpp"

#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

namespace migrations {

namespace {

using Json = nlohmann::ordered_json;

// https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
constexpr char const* schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

char const* level(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

// RFC 3986: what a path may hold stays, other bytes become %XX.
std::string uri_of(std::string const& path) {
  static char const digits[] = "0123456789ABCDEF";
  std::string uri;
  for (char c : path) {
    auto const byte = static_cast<unsigned char>(c);
    bool const plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || c == '/' || c == '-' || c == '_' || c == '.' || c == '~');
    if (plain)
      uri += c;
    else
      uri += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
  }
  return uri;
}

Json text(std::string_view content) { return {{"text", content}}; }

Json rule_row(Rule const& rule) {
  Json row{{"id", rule.id},
           {"shortDescription", text(rule.brief)},
           {"fullDescription", text(rule.why)},
           {"help", text(rule_text(rule))},
           {"defaultConfiguration", {{"level", level(rule.severity)}}}};
  if (!rule.peers.empty()) row["properties"] = {{"peers", rule.peers}};
  return row;
}

Json result_row(Finding const& finding, std::size_t rule_index, std::string const& folder) {
  Json region{{"startLine", finding.line}, {"startColumn", finding.column}};
  if (!finding.statement.empty()) region["snippet"] = text(finding.statement);
  Json row{{"ruleId", finding.rule},
           {"ruleIndex", rule_index},
           {"level", level(finding.severity)},
           {"message", text(finding.message + ". Right: " + finding.fix)},
           {"locations", Json::array({{{"physicalLocation",
                                        {{"artifactLocation", {{"uri", uri_of(folder + finding.file)}}},
                                         {"region", std::move(region)}}}}})}};
  if (!finding.allowed.empty())
    row["suppressions"] = Json::array({{{"kind", "inSource"}, {"justification", finding.allowed}}});
  return row;
}

}  // namespace

std::string sarif_document(LintReport const& report, LintSettings const& settings,
                           std::string const& folder) {
  Json rows = Json::array();
  std::map<std::string_view, std::size_t> index;
  for (Rule const& rule : rules()) {
    if (!settings.applies(rule)) continue;
    index[rule.id] = rows.size();
    rows.push_back(rule_row(rule));
  }
  Json results = Json::array();
  for (Finding const& finding : report.findings)
    results.push_back(result_row(finding, index.at(finding.rule), folder));
  Json document{
      {"$schema", schema},
      {"version", "2.1.0"},
      {"runs", Json::array({{{"tool", {{"driver", {{"name", "tenantsh"}, {"rules", std::move(rows)}}}}},
                             {"columnKind", "unicodeCodePoints"},
                             {"results", std::move(results)}}})}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace migrations
