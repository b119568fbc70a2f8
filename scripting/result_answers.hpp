#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "scripting/value.hpp"

// What several tenants answered, set side by side. Two answers are equal when they hold the same rows in the
// same order: every cell the same text (1.0 and 1.00 differ), NULL and "" apart; the column `tenant` is no
// part of them. A tenant that answered without a row has an answer too.
//
// These work on results whose first column is `tenant`; for others they throw Error{usage}.
namespace scripting {

struct TenantAnswer {
  std::string slug;
  std::vector<std::size_t> rows;  // in the result, in its order
};
// In the order they were asked.
std::vector<TenantAnswer> answers_by_tenant(Rows const& rows);
// That of one tenant. Error{not_found} when it has none: that it failed, or the nearest slug.
TenantAnswer const& answer_of_tenant(std::vector<TenantAnswer> const& answers, Rows const& rows,
                                     std::string const& slug);

// One row per distinct answer, that of most tenants first: answer (1, 2, …), tenants (how many), examples (up
// to three slugs), rows; where an answer has several rows also at_row, the first of them that is not as in
// answer 1; then the values of that row.
fleet::Result distinct_answers(Rows const& rows);

struct OutlierRule {
  std::string column;  // judge this column's numbers by their distance; empty: see below
  unsigned times = 6;
};
// The rows of the tenants that stand out, `answered` being these tenants, with notes that say by which rule:
//   - the answer of more than half of the tenants is the rule, every other one stands out;
//   - without such an answer, or when a column is named: where every tenant gave one row at most, those with
//   a
//     number farther from the median than `times` the median of these distances (of an even count the lower
//     middle one, so that both are values that occur), or with no number;
//   - else the commonest answer is the rule; where all differ, none stands out.
Answer outlying_rows(Rows const& rows, OutlierRule const& rule);

// "20 tenants: 17 equal, 3 differ (acme, beta, gamma); :outliers() shows them"; empty when fewer than two
// tenants answered.
std::string answers_line(Rows const& rows);

}  // namespace scripting
