#include "migrations/engine/lint.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <tuple>

#include "fleet/deep_stack.hpp"
#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "migrations/engine/lint_allow.hpp"
#include "migrations/engine/lint_pass.hpp"
#include "migrations/engine/lint_tsql.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

constexpr std::size_t files_per_thread = 16;
constexpr unsigned most_threads = 8;
constexpr std::size_t statement_shown = 60;  // bytes, about

// One file with what its pass refers to.
struct Work {
  explicit Work(LintFile const& the_file) : file(the_file) {}
  LintFile const& file;
  std::string parsed;  // the text as the parser reads it
  std::string down;
  std::unique_ptr<LintPass> pass;
  std::vector<LintPass::Found> in_down;
  Ranges down_ranges;
};

Ranges comments_of(std::string_view text, Profile profile) {
  Ranges comments;
  if (text.find("tenantsh:") == std::string_view::npos) return comments;
  if (profile == Profile::tsql) {
    for (TsqlToken const& token : tsql_tokens(text))
      if (token.kind == TsqlToken::Kind::comment) comments.emplace_back(token.begin, token.end);
  } else {
    for (Region const& region : regions(text))
      if (region.kind == Stretch::comment) comments.emplace_back(region.begin, region.end);
  }
  return comments;
}

void read_file(Work& work, LintSettings const& settings) {
  LintFile const& file = work.file;
  work.parsed = file.text;
  work.pass = std::make_unique<LintPass>(file, settings, work.parsed);
  LintPass& pass = *work.pass;
  if (file.text.find('\0') != std::string::npos || !is_utf8(file.text)) {
    pass.report("syntax-error", 0, "the file is no UTF-8 text",
                "save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)");
    pass.ranges.emplace_back(0, file.text.size());
    return;
  }
  if (settings.profile == Profile::tsql) {
    lint_tsql(pass);
    return;
  }
  work.parsed = without_foreign_lines(pass, parseable(file.text));
  pass.text = work.parsed;
  lint_text(pass);
  parse_statements(work.parsed, [&](ParsedStatement const& statement) {
    pass.statement = &statement;
    lint_statement(pass);
  });
  if (pass.open_transaction != std::string::npos)
    pass.report("ban-uncommitted-transaction", pass.open_transaction, "this transaction is never committed");
  if (file.down && is_utf8(file.down->text)) {
    work.down = parseable(file.down->text);
    lint_down(pass, work.down, work.in_down, work.down_ranges);
  } else if (!file.down && !file.seed && !file.baseline) {
    pass.report("missing-down", 0, file.name + " has no down part");
  }
  pass.statement = nullptr;
}

// Lines and columns of byte offsets.
class Lines {
 public:
  Lines(std::string_view text, int first_line) : text_(text), first_line_(first_line) {
    starts_.push_back(0);
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos;) starts_.push_back(++at);
  }

  void set(std::size_t offset, Finding& finding) const {
    auto const next = std::upper_bound(starts_.begin(), starts_.end(), offset);
    std::size_t const start = *(next - 1);
    finding.line = first_line_ + static_cast<int>(next - starts_.begin()) - 1;
    std::string_view const before = text_.substr(start, offset - start);
    finding.column = 1 + static_cast<int>(std::count_if(before.begin(), before.end(), [](char c) {
                       return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                     }));
  }

 private:
  std::string_view text_;
  int first_line_;
  std::vector<std::size_t> starts_;
};

// The beginning of the statement at `offset`, on one line.
std::string beginning(std::string_view text, Ranges const& ranges, std::size_t offset) {
  auto const next =
      std::upper_bound(ranges.begin(), ranges.end(), offset,
                       [](std::size_t value, auto const& range) { return value < range.first; });
  if (next == ranges.begin() || (next - 1)->second < offset) return {};
  std::string_view const words = text.substr((next - 1)->first, (next - 1)->second - (next - 1)->first);
  std::string line;
  for (char c : words.substr(0, 4 * statement_shown)) {
    bool const blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    // Not in the middle of a character.
    if (line.size() >= statement_shown && (static_cast<unsigned char>(c) & 0xC0U) != 0x80U) return line + "…";
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  return line;
}

Finding finding_of(LintPass::Found const& found, std::string const& name) {
  Finding finding;
  finding.rule = found.rule;
  finding.severity = find_rule(found.rule)->severity;
  finding.file = name;
  finding.message = found.message;
  finding.fix = found.fix;
  return finding;
}

// What is wrong with an allow comment itself; true when it may allow.
bool check_allow(LintPass& pass, Allow const& allow) {
  bool good = true;
  auto const say = [&](std::string_view rule, std::string message, std::string fix = {}) {
    pass.report(rule, allow.offset, std::move(message), std::move(fix));
    good = false;
  };
  if (allow.rules.empty()) {
    say("allow-without-reason", "the comment names neither rule nor reason");
    return false;
  }
  for (std::string const& rule : allow.rules)
    if (find_rule(rule) == nullptr) {
      std::string const near = fleet::nearest(rule, rule_ids());
      say("allow-unknown-rule", "there is no rule " + fleet::in_quotes(rule),
          near.empty() ? "`tenantsh help lint` lists the rules" : "did you mean " + near + "?");
    }
  if (allow.reason.empty()) say("allow-without-reason", "no reason is given for " + allow.rules[0]);
  if (!allow.until.empty() && allow.until < pass.settings.today)
    say("allow-expired", "what allowed " + allow.rules[0] + " ended on " + allow.until);
  return good;
}

bool covers(Allow const& allow, std::string_view rule, std::size_t offset) {
  return offset >= allow.begin && offset < std::max(allow.end, allow.begin + 1) &&
         std::find(allow.rules.begin(), allow.rules.end(), rule) != allow.rules.end();
}

// Findings of one text with its allow comments applied.
void tell(LintPass& pass, std::vector<LintPass::Found>& found, std::string const& name, std::string_view text,
          int first_line, Ranges const& ranges, std::vector<Finding>& into) {
  auto const allows = read_allows(text, comments_of(text, pass.settings.profile), ranges);
  std::vector<bool> good, used(allows.size());
  std::size_t const before = pass.found.size();
  for (Allow const& allow : allows) good.push_back(check_allow(pass, allow));
  std::vector<std::string> reasons(found.size());
  std::size_t const count = &found == &pass.found ? before : found.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (find_rule(found[i].rule)->profile == Rule::For::comments) continue;
    for (std::size_t a = 0; a < allows.size(); ++a)
      if (good[a] && covers(allows[a], found[i].rule, found[i].offset)) {
        used[a] = true;
        reasons[i] = allows[a].reason;
      }
  }
  for (std::size_t a = 0; a < allows.size(); ++a) {
    // Of a rule that was not asked for nothing is known.
    bool const looked =
        std::all_of(allows[a].rules.begin(), allows[a].rules.end(), [&](std::string const& id) {
          Rule const* rule = find_rule(id);
          return rule != nullptr && pass.settings.applies(*rule);
        });
    if (good[a] && !used[a] && looked)
      pass.report("unused-allow", allows[a].offset, "nothing here breaks " + allows[a].rules[0]);
  }
  if (&found != &pass.found) {
    found.insert(found.end(), pass.found.begin() + static_cast<std::ptrdiff_t>(before), pass.found.end());
    pass.found.resize(before);
  }
  reasons.resize(found.size());
  Lines const lines{text, first_line};
  std::size_t const first = into.size();
  for (std::size_t i = 0; i < found.size(); ++i) {
    Finding finding = finding_of(found[i], name);
    lines.set(found[i].offset, finding);
    finding.statement = beginning(text, ranges, found[i].offset);
    finding.allowed = reasons[i];
    into.push_back(std::move(finding));
  }
  std::stable_sort(into.begin() + static_cast<std::ptrdiff_t>(first), into.end(),
                   [](Finding const& a, Finding const& b) {
                     return std::tie(a.line, a.column, a.rule) < std::tie(b.line, b.column, b.rule);
                   });
}

// Calls `one` for each index on as many threads as pay, each with a stack for the deepest statement.
void on_threads(std::size_t count, std::function<void(std::size_t)> const& one) {
  auto const wanted = static_cast<unsigned>(count / files_per_thread + 1);
  unsigned const threads =
      std::min({wanted, most_threads, std::max(1U, std::thread::hardware_concurrency())});
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> failures(threads);
  auto const work = [&](unsigned which) {
    try {
      fleet::run_with_stack(lint_stack, [&] {
        for (std::size_t i = 0; (i = next++) < count;) one(i);
      });
    } catch (std::exception const&) {
      failures[which] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
  for (std::thread& other : others) other.join();
  for (std::exception_ptr const& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

LintReport lint(std::vector<LintFile> const& files, LintSettings const& settings) {
  std::vector<Work> works;
  works.reserve(files.size());
  for (LintFile const& file : files) works.emplace_back(file);
  on_threads(works.size(), [&](std::size_t i) { read_file(works[i], settings); });
  std::vector<LintPass*> passes;
  for (Work& work : works) passes.push_back(work.pass.get());
  if (settings.profile == Profile::postgresql) lint_set(passes);
  LintReport report;
  for (std::size_t i = 0; i < works.size(); ++i) {
    Work& work = works[i];
    LintFile const& file = work.file;
    if (!file.asked) continue;
    LintPass& pass = *work.pass;
    ++report.files;
    report.statements += pass.ranges.size();
    report.analysed += pass.analysed;
    tell(pass, pass.found, file.name, file.text, file.first_line, pass.ranges, report.findings);
    if (!file.down) continue;
    tell(pass, work.in_down, file.down->name, file.down->text, file.down->first_line, work.down_ranges,
         report.findings);
  }
  return report;
}

}  // namespace migrations
