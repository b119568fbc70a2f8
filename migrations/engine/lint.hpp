#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "migrations/engine/lint_rule.hpp"
#include "migrations/engine/lint_settings.hpp"
#include "migrations/engine/migration.hpp"

namespace migrations {

// What takes a file back, when it has that.
struct LintDown {
  std::string name;  // of the file that it stands in: the same one, or "055_x.down.sql"
  std::string text;
  int first_line = 1;
};

// One file of a set as text, so that lint needs neither folder nor catalog. A file with two sections is two
// of these.
struct LintFile {
  std::string name;
  std::string text;    // UTF-8, lines end in LF
  int first_line = 1;  // of `text` in the file
  Scope scope = Scope::tenant;
  bool no_transaction = false;  // its statements each commit on their own
  bool seed = false;
  bool baseline = false;       // the SQL that new tenants get at once
  bool schema_placed = false;  // its set is placed as a schema: it says {schema_name}
  std::optional<LintDown> down = {};
  bool asked = true;  // false: it is read for what it makes, its findings are not told
};

struct Finding {
  std::string rule;
  Severity severity = Severity::warning;
  std::string file;
  int line = 0;           // 1-based
  int column = 0;         // 1-based, in characters
  std::string statement;  // its beginning, on one line
  std::string message;
  std::string fix;      // what would be right
  std::string allowed;  // the reason of the comment that allows it; empty: it counts
};

struct LintReport {
  std::vector<Finding> findings;  // by file as given, then by line; the allowed ones too
  std::size_t files = 0;          // asked for
  std::size_t statements = 0;     // in them
  std::size_t analysed = 0;       // of those: read by PostgreSQL's parser
};

// Checks files of one set, in the order in which they are applied: some rules look at more than one.
// Connects to nothing. Any bytes are a text; what no parser reads is a finding.
LintReport lint(std::vector<LintFile> const& files, LintSettings const& settings);

}  // namespace migrations
