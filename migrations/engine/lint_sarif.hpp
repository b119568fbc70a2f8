#pragma once

#include <string>

#include "migrations/engine/lint.hpp"

namespace migrations {

// The report as a SARIF 2.1.0 document: all rules of the settings with their help texts, all findings with
// their places, allowed ones as suppressed. `folder` stands before the files' names, "" or ending in '/'.
std::string sarif_document(LintReport const& report, LintSettings const& settings, std::string const& folder);

}  // namespace migrations
