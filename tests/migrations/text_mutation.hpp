#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "migrations/engine/sql_text.hpp"
#include "tests/migrations/set_folder.hpp"

namespace tests {

// Texts and names made of the pieces that files are made of, then damaged. Equal seeds give equal ones.
class Mutation {
 public:
  explicit Mutation(unsigned seed) : random_(seed) {}

  std::string text() {
    static std::vector<std::string> const pieces{
        "create table t (id int);\n",
        "insert into t values ('a;b', E'it\\'s; \\\\');\n",
        "-- a comment; it's\n",
        "/* a /* nested */ one; */",
        "$$ begin; end $$",
        "$a$ $b$ ; $b$ $a$",
        "$tag$",
        "$1",
        "a$b$c",
        "'",
        "\"",
        "--",
        "/*",
        "*/",
        ";",
        "\\",
        "\n",
        "\r\n",
        "\r",
        "\xEF\xBB\xBF",
        "(",
        ")",
        "{schema_name}",
        "{schema_",
        "name}",
        "audit_{schema_name}_x",
        "U&\"d\\0061t\"",
        "u&'\\0041'",
        "E'",
        "e'a'\n'it\\'s'",
        "B'01'",
        "\xC3\xA9",
        "\xC3",
        "\xF0\x9F\x98\x80",
        std::string(1, '\0'),
        "-- ===== PLATFORM MIGRATIONS =====\n",
        "-- ===== TENANT MIGRATIONS =====\n",
        "-- ===== OTHER MIGRATIONS =====\n",
        "-- migrate:up\n",
        "-- migrate:up transaction:false\n",
        "-- migrate:down\n",
        "-- +goose Up\n",
        "-- +goose Down\n",
        "-- +goose NO TRANSACTION\n",
        "-- +goose StatementBegin\n",
        "-- +goose what\n",
        "-- tenantsh: seed\n",
        "-- tenantsh: no-transaction\n",
        "-- tenantsh: profile \n",
        "-- tenantsh: profile dev, overwrite\n",
        "-- tenantsh: alow\n",
        "-- fills: a.b, c\n",
        "-- secrets: key,, KEY\n",
        "create function f() returns int language sql begin atomic select case when true then 1 end; end;\n",
        "(begin atomic",
        "(x from stdin",
        "create ",
        "begin atomic ",
        "end;",
        "copy t from stdin;\n1\t2\n\\.\n",
        "\\i x.sql\n",
        "select 1",
        "begin;",
        "rollback to a;",
        "create index concurrently on t (a);\n",
        "vacuum;\n",
        "create rule r as on insert to t do also (select 1; select 2);\n",
        "select 1 @-- x\n 2;",
        "a/*b",
        "1*/*2*/3;",
        " ",
        "\t",
        "\f",
        "\v"};
    std::string made;
    for (std::size_t i = below(14); i-- > 0;) made += pieces[below(pieces.size())];
    damage(made);
    return made;
  }

  std::string name() {
    static std::vector<std::string> const pieces{"001",
                                                 "1",
                                                 "9",
                                                 "055",
                                                 "2026",
                                                 "20240101120000",
                                                 "1777302000000",
                                                 "999999999999999999",
                                                 "9999999999999999999",
                                                 "0",
                                                 "_",
                                                 "__",
                                                 "-",
                                                 ".",
                                                 "V",
                                                 "U",
                                                 "R",
                                                 "V1.2__",
                                                 "R__",
                                                 "2026_2_49_1",
                                                 "add_table",
                                                 "x",
                                                 "\xC3\xA9",
                                                 "\xFF",
                                                 " ",
                                                 ".sql",
                                                 ".sql",
                                                 ".sql",
                                                 ".up",
                                                 ".down",
                                                 "-up",
                                                 "-down",
                                                 ".js",
                                                 ".ts",
                                                 ".SQL",
                                                 ".go",
                                                 "~",
                                                 "set.toml"};
    std::string made;
    for (std::size_t i = 1 + below(6); i-- > 0;) made += pieces[below(pieces.size())];
    if (below(2) == 0) made = std::to_string(below(30)) + "_" + made + ".sql";
    if (below(4) == 0) damage(made);
    return made;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  void damage(std::string& text) {
    for (std::size_t i = below(4); i-- > 0 && !text.empty();) {
      std::size_t const at = below(text.size());
      switch (below(4)) {
        case 0: text.erase(at, 1 + below(4)); break;
        case 1: text.insert(at, 1, static_cast<char>(below(256))); break;
        case 2: text[at] = static_cast<char>(below(256)); break;
        default: text.insert(at, text.substr(below(text.size()), below(12))); break;
      }
    }
  }

  std::mt19937 random_;
};

inline std::string untrue_of_set(migrations::MigrationSet const& set) {
  using namespace migrations;
  auto told = [](std::vector<Problem> const& problems) {
    for (Problem const& problem : problems)
      if (problem.message.empty() || problem.hint.empty() || problem.name.empty()) return false;
    return true;
  };
  if (!told(set.problems()) || !told(set.check())) return "a problem with name, message and hint";
  Version before;
  for (Migration const& file : set.files()) {
    if (file.version < before) return "files in the order of their versions";
    before = file.version;
    bool const named = std::any_of(set.problems().begin(), set.problems().end(),
                                   [&](Problem const& problem) { return problem.name == file.name; });
    if ((file.sha256.empty() && !named) || file.stem.empty()) return "a digest and a stem";
    if (file.first_line < 1 || file.sql.find('\0') != std::string::npos || !is_utf8(file.sql))
      return "text of a file";
    if (set.find(file.name) == nullptr) return "a file that is found by its name";
  }
  return {};
}

}  // namespace tests
