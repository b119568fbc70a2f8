#include "scripting/result_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "scripting/cell.hpp"
#include "scripting/numeric.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;

// An answer and who gave it: places in the list of tenants, in its order.
using Givers = std::vector<std::size_t>;

void check_tenants(fleet::Result const& result) {
  if (!result.columns().empty() && result.columns().front().name == "tenant") return;
  throw Error{ErrorKind::usage, "this result does not say which tenant a row is from"}.with_hint(
      "answers are compared in what tenants:query(…) gives: its first column is `tenant`");
}

std::vector<std::size_t> value_columns(fleet::Result const& result) {
  std::vector<std::size_t> columns;
  for (std::size_t column = 1; column < result.columns().size(); ++column) columns.push_back(column);
  return columns;
}

bool equal_rows(fleet::Result const& result, std::size_t left, std::size_t right) {
  for (std::size_t column = 1; column < result.columns().size(); ++column)
    if (result.at(left, column) != result.at(right, column)) return false;
  return true;
}

bool equal_answers(fleet::Result const& result, TenantAnswer const& left, TenantAnswer const& right) {
  return std::equal(left.rows.begin(), left.rows.end(), right.rows.begin(), right.rows.end(),
                    [&](std::size_t a, std::size_t b) { return equal_rows(result, a, b); });
}

std::size_t digest(fleet::Result const& result, TenantAnswer const& answer) {
  std::size_t sum = answer.rows.size();
  for (std::size_t row : answer.rows)
    for (std::size_t column = 1; column < result.columns().size(); ++column) {
      auto const cell = result.at(row, column);
      sum = sum * 1099511628211U + (cell ? std::hash<std::string_view>{}(*cell) : 7);
    }
  return sum;
}

// That of most tenants first, then in order of appearance.
std::vector<Givers> distinct(fleet::Result const& result, std::vector<TenantAnswer> const& answers) {
  std::vector<Givers> groups;
  std::unordered_map<std::size_t, std::vector<std::size_t>> known;  // digest → groups
  for (std::size_t tenant = 0; tenant < answers.size(); ++tenant) {
    auto& alike = known[digest(result, answers[tenant])];
    auto const found = std::find_if(alike.begin(), alike.end(), [&](std::size_t group) {
      return equal_answers(result, answers[groups[group].front()], answers[tenant]);
    });
    if (found != alike.end()) {
      groups[*found].push_back(tenant);
    } else {
      alike.push_back(groups.size());
      groups.push_back({tenant});
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](Givers const& left, Givers const& right) { return left.size() > right.size(); });
  return groups;
}

// Up to three slugs.
std::string examples(std::vector<TenantAnswer> const& answers, Givers const& tenants) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, tenants.size()); ++i)
    text += (i > 0 ? ", " : "") + answers[tenants[i]].slug;
  return tenants.size() > most ? text + ", …" : text;
}

Givers all_but(std::vector<TenantAnswer> const& answers, Givers const& left_out) {
  Givers others;
  for (std::size_t tenant = 0; tenant < answers.size(); ++tenant)
    if (!std::binary_search(left_out.begin(), left_out.end(), tenant)) others.push_back(tenant);
  return others;
}

// The first row that is not as in `rule`: its place in the answer, which may be one beyond its end.
std::size_t first_difference(fleet::Result const& result, TenantAnswer const& answer,
                             TenantAnswer const& rule) {
  std::size_t row = 0;
  while (row < answer.rows.size() && row < rule.rows.size() &&
         equal_rows(result, answer.rows[row], rule.rows[row]))
    ++row;
  return row;
}

std::string_view lower_middle(std::vector<std::string_view> texts) {
  auto const middle = texts.begin() + static_cast<std::ptrdiff_t>((texts.size() - 1) / 2);
  std::nth_element(texts.begin(), middle, texts.end(),
                   [](auto a, auto b) { return compare_decimals(a, b) < 0; });
  return *middle;
}

std::string distance(std::string_view value, std::string_view median) {
  if (compare_decimals(value, median) == 0) return "0";
  std::string const difference = add_decimals(value, negated_decimal(median));
  return difference.front() == '-' ? difference.substr(1) : difference;
}

// Tenants whose number is too far from the median, or missing; says so in `notes`.
Givers far_from_median(fleet::Result const& result, std::vector<TenantAnswer> const& answers,
                       std::size_t column, unsigned times, std::vector<std::string>& notes) {
  std::vector<std::optional<std::string_view>> values;
  std::vector<std::string_view> numbers;
  for (TenantAnswer const& answer : answers) {
    values.push_back(answer.rows.empty() ? std::nullopt : result.at(answer.rows.front(), column));
    if (values.back()) numbers.push_back(*values.back());
  }
  std::string const& name = result.columns()[column].name;
  if (numbers.empty()) {
    notes.push_back(name + ": no tenant has a number");
    return {};
  }
  std::string_view const median = lower_middle(numbers);
  std::vector<std::string> distances;
  for (std::string_view number : numbers) distances.push_back(distance(number, median));
  std::string const middle{lower_middle({distances.begin(), distances.end()})};
  std::string const limit = multiply_decimal(middle, times);
  Givers far;
  for (std::size_t tenant = 0; tenant < answers.size(); ++tenant)
    if (!values[tenant] || compare_decimals(distance(*values[tenant], median), limit) > 0)
      far.push_back(tenant);
  notes.push_back(
      fmt::format("{}: the median is {}, half of the tenants lie within {} of it; farther than {} times that "
                  "({}): {} of {}",
                  name, median, middle, times, limit, far.size(), answers.size()));
  return far;
}

Givers far_tenants(fleet::Result const& result, std::vector<TenantAnswer> const& answers,
                   std::vector<std::size_t> const& columns, unsigned times, std::vector<std::string>& notes) {
  Givers all;
  for (std::size_t column : columns) {
    Givers const far = far_from_median(result, answers, column, times, notes), before = std::move(all);
    all.clear();
    std::set_union(before.begin(), before.end(), far.begin(), far.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<std::size_t> number_columns(fleet::Result const& result) {
  std::vector<std::size_t> columns = value_columns(result);
  std::erase_if(columns, [&](std::size_t column) { return !is_number_type(result.columns()[column].type); });
  return columns;
}

bool single_rows(std::vector<TenantAnswer> const& answers) {
  return std::all_of(answers.begin(), answers.end(),
                     [](TenantAnswer const& answer) { return answer.rows.size() <= 1; });
}

std::size_t named_column(fleet::Result const& result, std::vector<TenantAnswer> const& answers,
                         std::string const& name) {
  std::size_t const column = column_index(result, name);
  if (!is_number_type(result.columns()[column].type))
    throw Error{ErrorKind::usage, "column " + name + " holds no numbers that could lie far from a median"};
  if (!single_rows(answers))
    throw Error{ErrorKind::usage, "several rows of one tenant have no distance from a median"}.with_hint(
        "ask for one row per tenant, or group them by tenant first");
  return column;
}

Givers standing_out(fleet::Result const& result, std::vector<TenantAnswer> const& answers,
                    OutlierRule const& rule, std::vector<std::string>& notes) {
  if (!rule.column.empty())
    return far_tenants(result, answers, {named_column(result, answers, rule.column)}, rule.times, notes);
  std::vector<Givers> const groups = distinct(result, answers);
  if (groups.empty()) return {};
  std::size_t const most = groups.front().size();
  std::vector<std::size_t> const numbers = number_columns(result);
  if (2 * most <= answers.size() && single_rows(answers) && !numbers.empty())
    return far_tenants(result, answers, numbers, rule.times, notes);
  if (most == 1 && answers.size() > 1) {
    notes.push_back(fmt::format("all {} answers differ: there is no rule to stand out from", answers.size()));
    return {};
  }
  if (2 * most <= answers.size())
    notes.push_back(fmt::format("the commonest answer is that of only {} of {} tenants; :answers() lists all",
                                most, answers.size()));
  return all_but(answers, groups.front());
}

}  // namespace

std::vector<TenantAnswer> answers_by_tenant(Rows const& rows) {
  check_tenants(rows.result);
  std::vector<TenantAnswer> answers;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::string const& slug : rows.answered) {
    places.emplace(slug, answers.size());
    answers.push_back({slug, {}});
  }
  for (std::size_t row = 0; row < rows.result.rows(); ++row) {
    std::string_view const slug = rows.result.at(row, 0).value_or("");
    auto const [place, added] = places.emplace(slug, answers.size());
    if (added) answers.push_back({std::string{slug}, {}});
    answers[place->second].rows.push_back(row);
  }
  return answers;
}

TenantAnswer const& answer_of_tenant(std::vector<TenantAnswer> const& answers, Rows const& rows,
                                     std::string const& slug) {
  std::vector<std::string> slugs;
  for (TenantAnswer const& answer : answers) {
    if (answer.slug == slug) return answer;
    slugs.push_back(answer.slug);
  }
  for (Error const& failure : rows.failures)
    if (failure.tenant == slug)
      throw Error{ErrorKind::not_found, slug + " has no answer: it failed"}.with_hint(failure.message);
  Error error{ErrorKind::not_found, "no answer of a tenant \"" + slug + "\" in this result"};
  std::string const near = fleet::nearest(slug, slugs);
  throw near.empty() ? error : std::move(error).with_hint("did you mean " + near + "?");
}

fleet::Result distinct_answers(Rows const& rows) {
  fleet::Result const& result = rows.result;
  std::vector<TenantAnswer> const answers = answers_by_tenant(rows);
  bool const single = single_rows(answers);
  std::vector<fleet::Column> columns{
      {"answer", oid::int8}, {"tenants", oid::int8}, {"examples"}, {"rows", oid::int8}};
  if (!single) columns.push_back({"at_row", oid::int8});
  for (std::size_t column = 1; column < result.columns().size(); ++column)
    columns.push_back({free_name(columns, result.columns()[column].name), result.columns()[column].type});
  fleet::Result made{columns};
  std::vector<Givers> const groups = distinct(result, answers);
  for (std::size_t group = 0; group < groups.size(); ++group) {
    TenantAnswer const& answer = answers[groups[group].front()];
    made.append(std::to_string(group + 1));
    made.append(std::to_string(groups[group].size()));
    made.append(examples(answers, groups[group]));
    made.append(std::to_string(answer.rows.size()));
    std::size_t const shown =
        group == 0 ? 0 : first_difference(result, answer, answers[groups.front().front()]);
    if (!single) made.append(std::to_string(shown + 1));
    if (shown < answer.rows.size()) {
      append_row(made, result, answer.rows[shown], 1);
    } else {
      for (std::size_t column = 1; column < result.columns().size(); ++column) made.append(std::nullopt);
    }
  }
  return made;
}

Answer outlying_rows(Rows const& rows, OutlierRule const& rule) {
  std::vector<TenantAnswer> const answers = answers_by_tenant(rows);
  Answer answer{Rows{fleet::Result{rows.result.columns()}, rows.failures, rows.asked}, {}, {}};
  auto& made = std::get<Rows>(answer.value);
  std::string without_rows;
  for (std::size_t tenant : standing_out(rows.result, answers, rule, answer.notes)) {
    made.answered.push_back(answers[tenant].slug);
    for (std::size_t row : answers[tenant].rows) append_row(made.result, rows.result, row);
    if (answers[tenant].rows.empty())
      without_rows += (without_rows.empty() ? "" : ", ") + answers[tenant].slug;
  }
  if (!without_rows.empty()) answer.notes.push_back("answered without a row: " + without_rows);
  return answer;
}

std::string answers_line(Rows const& rows) {
  if (rows.answered.size() < 2) return {};
  std::vector<TenantAnswer> const answers = answers_by_tenant(rows);
  std::vector<Givers> const groups = distinct(rows.result, answers);
  std::size_t const most = groups.front().size();
  std::string const head = fmt::format("{} tenants: ", answers.size());
  if (groups.size() == 1) return head + "all answers are equal";
  if (2 * most > answers.size()) {
    Givers const others = all_but(answers, groups.front());
    return head + fmt::format("{} equal, {} {} ({}); :outliers() shows {}", most, others.size(),
                              others.size() == 1 ? "differs" : "differ", examples(answers, others),
                              others.size() == 1 ? "it" : "them");
  }
  return head + fmt::format("{} different answers{}; :answers() lists them", groups.size(),
                            most > 1 ? fmt::format(", the commonest from {}", most) : "");
}

}  // namespace scripting
