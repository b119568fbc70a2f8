#include "scripting/check.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/scripting/bench.hpp"

using scripting::Reach;

namespace {

constexpr char head[] =
    "runbook 'r' { inputs = { slug = input.text {}, size = input.number {}, at = input.tenant {} } }\n";
constexpr char uses[] = "local function all(run) return run.slug, run.size, run.at end\n";

class Checker {
 public:
  Checker() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenantsh-check-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Checker() { std::filesystem::remove_all(folder_); }

  // "line:column rule; " for each finding.
  std::string operator()(std::string const& text, Reach reach = Reach::offline) {
    std::string found;
    for (auto const& finding : report(text, reach).findings) {
      found += std::to_string(finding.at.line) + ":" + std::to_string(finding.at.column) + " " + finding.rule;
      found += finding.severity == scripting::Severity::warning ? "?; " : "; ";
    }
    return found;
  }
  // The message and hint of the first finding of `rule`.
  std::string told(std::string const& rule, std::string const& text, Reach reach = Reach::offline) {
    for (auto const& finding : report(text, reach).findings)
      if (finding.rule == rule) return finding.message + " | " + finding.hint;
    return "nothing";
  }
  // A runbook with all its inputs read, then `text` from line 3 on.
  std::string in_runbook(std::string const& text, Reach reach = Reach::offline) {
    return (*this)(std::string{head} + uses + text, reach);
  }
  // A tx step on master with that body, in line 3.
  std::string in_tx(std::string const& body) {
    return in_runbook("step 's' { on = master, tx = function(db, run) " + body + " end }");
  }
  scripting::CheckReport report(std::string const& text, Reach reach) {
    std::filesystem::path const file = folder_ / "script.lua";
    std::ofstream{file, std::ios::binary} << text;
    return scripting::check_files(bench_.world, {file.string()}, reach);
  }

 private:
  tests::Bench bench_;
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("syntax-error and declaration") {
  Checker check;
  CHECK(check("x = = 1") == "1:0 syntax-error; ");
  CHECK(check("\n\nf(") == "3:0 syntax-error; ");
  CHECK(check("print(1)") == "");
  CHECK(check("") == "");
  CHECK(check(std::string{"x = 1\0 y", 8}) == "1:0 syntax-error; ");
  CHECK(check("return " + std::string(10000, '(') + "1" + std::string(10000, ')')) == "0:0 syntax-error; ");
  CHECK(check("step 'a' { manual = 'x' }") == "0:0 declaration; ");
  CHECK(check.in_runbook("step 'a' {\n on = master, txx = 1 }") == "3:0 declaration; ");
  CHECK(check.in_runbook("step 'a' { effect = function() end }") == "3:0 declaration; ");
  CHECK(check.in_runbook("step 'a' { manual = 'look' }") == "");
  CHECK(check("\xEF\xBB\xBF#!/usr/bin/env tenantsh\r\n" + std::string{head} + uses +
              "step 'a' { manual = 'look' }\r\n") == "");
}

TEST_CASE("undeclared-input and unused-input") {
  Checker check;
  CHECK(check.in_tx("return run.slgu") == "3:59 undeclared-input; ");
  CHECK(check.told("undeclared-input", std::string{head} +
                                           "step 's' { on = master, tx = function(db, run) return "
                                           "run['slgu'] end }") ==
        "run has no \"slgu\" | did you mean run.slug?");
  CHECK(check.in_tx("return run.slug, run.id, run.started, run.who, run.outputs['s']") == "");
  CHECK(check.in_tx("return run.outputs['t']") == "3:67 unknown-step; ");
  CHECK(check.in_runbook("local function f(_, r) return r.nothing end\nstep 's' { on = master, tx = f }") ==
        "3:33 undeclared-input; ");
  CHECK(check.in_runbook("local function name(r) return r.nothing end\n"
                         "step 's' { on = master, tx = function(db, run) return name(run) end }") ==
        "3:33 undeclared-input; ");
  CHECK(check.in_tx("local other = {} ; return other.nothing, db:one('select 1').column") == "");
  CHECK(check("runbook 'r' { inputs = { a = input.text {}, b = input.text {} } }\n"
              "step 's' { on = master, tx = function(db, run) return run.a end }") == "1:49 unused-input?; ");
  CHECK(check("runbook 'r' { inputs = { a = input.text {} } }\n"
              "step 's' { on = master, tx = function(db, run) return run[db:value('select 1')] end }") == "");
  CHECK(check("runbook 'r' { inputs = { a = input.text {}, b = input.text { default = function(given) return "
              "given.a end } } }\nstep 's' { on = master, tx = function(db, run) return run.b end }") == "");
}

TEST_CASE("effect-outside-step") {
  Checker check;
  CHECK(check.in_runbook("local n = sql('select 1')\nstep 's' { manual = 'x' }") ==
        "3:11 effect-outside-step; ");
  CHECK(check.in_runbook("local n = tenants:query('select 1')\nstep 's' { manual = 'x' }") ==
        "3:19 effect-outside-step; ");
  CHECK(check.in_runbook("migrations:up { scope = 'master' }\nstep 's' { manual = 'x' }") ==
        "3:12 effect-outside-step; ");
  CHECK(check.in_runbook("local f = io.open('x')\nstep 's' { manual = 'x' }") ==
        "3:11 effect-outside-step; ");
  CHECK(check.in_runbook("local t = os.time()\nstep 's' { manual = 'x' }") == "3:11 effect-outside-step; ");
  CHECK(check.in_runbook("local r = math.random(3)\nstep 's' { manual = 'x' }") ==
        "3:11 effect-outside-step; ");
  CHECK(check.in_runbook("local r = require 'x'\nstep 's' { manual = 'x' }") == "3:11 effect-outside-step; ");
  CHECK(check.in_runbook("local n = #tenants for t in tenants do end\nstep 's' { manual = 'x' }") ==
        "3:11 effect-outside-step; 3:29 effect-outside-step; ");
  CHECK(check.in_runbook("local s = tenants.acme.status\nstep 's' { manual = 'x' }") ==
        "3:24 effect-outside-step; ");
  CHECK(check.in_runbook("local function helper() return migrations:status() end\nlocal now = helper()\n"
                         "step 's' { manual = 'x' }") == "3:43 effect-outside-step; ");
  CHECK(check.in_runbook("section 'a' (function() sql('select 1') step 's' { manual = 'x' } end)") ==
        "3:25 effect-outside-step; ");
  CHECK(check.in_runbook("local function helper() return migrations:status() end\n"
                         "step 's' { on = master, tx = function(db) return helper() end }") == "");
  CHECK(check("print(#tenants, sql('select 1'))") == "");
}

TEST_CASE("duplicate-address") {
  Checker check;
  CHECK(check.in_runbook("step 's' { manual = 'x' }\nstep 's' { manual = 'y' }\nstep 's' { manual = 'z' }") ==
        "4:1 duplicate-address; 5:1 duplicate-address; ");
  CHECK(check.in_runbook(
            "section 'a' (function() step 's' { manual = 'x' } end)\nstep 's' { manual = 'x' }") == "");
  CHECK(check.in_runbook(
            "if environment.sandbox then step 's' { manual = 'x' } else step 's' { manual = 'x' } end") ==
        "");
  CHECK(check.in_runbook("for _, n in ipairs { 'a', 'b' } do step(n) { manual = 'x' } end") == "");
}

TEST_CASE("destructive-without-way-back") {
  Checker check;
  std::string const rule = "3:1 destructive-without-way-back; ";
  CHECK(check.in_runbook("step 's' { destructive = true, manual = 'x' }") == rule);
  CHECK(check.in_runbook("step 's' { destructive = true, manual = 'x', verify = function() end }") == "");
  CHECK(check.told("destructive-without-way-back", std::string{head} +
                                                       "step 's' { destructive = true, manual = 'x', "
                                                       "undo = function() end }") == "nothing");
  CHECK(check.in_tx("db:exec('truncate t')") == rule);
  CHECK(check.in_tx("db:exec('drop schema ' .. db:identifier(run.slug))") == rule);
  CHECK(check.in_tx("db:exec('delete from t')") == rule);
  CHECK(check.in_tx("db:exec('with gone as (delete from t returning *) insert into u select * from gone')") ==
        rule);
  CHECK(check.in_tx("pcall(function() db:exec('truncate t') end)") == rule);
  CHECK(check.in_tx("db:exec('delete from t where a = 1')") == "");
  CHECK(check.in_runbook("local function wipe(db) db:exec('truncate t') end\n"
                         "step 's' { on = master, tx = function(db) wipe(db) end }") ==
        "4:1 destructive-without-way-back; ");
  CHECK(check.in_runbook("step 's' { on = master, probe = function() end, effect = function(run, db) "
                         "db:exec('drop database ' .. db:identifier(run.slug)) end }") == rule);
}

TEST_CASE("forbidden-in-transaction") {
  Checker check;
  for (char const* sql :
       {"create database x", "alter system set work_mem = '1MB'", "vacuum t",
        "create index concurrently i on t (a)", "reindex table concurrently t", "drop index concurrently i",
        "create tablespace x location '/x'", "drop tablespace x", "alter database x set tablespace y",
        "create subscription s connection '' publication p", "commit", "rollback", "begin"}) {
    CAPTURE(sql);
    CHECK(check.in_tx("db:exec [[" + std::string{sql} + "]]") == "3:58 forbidden-in-transaction; ");
  }
  CHECK(check.in_tx("db:exec('create index i on t (a)')") == "");
  CHECK(check.in_tx("db:exec('select $$vacuum$$')") == "");
  CHECK(check.in_tx("local q = 'vacuum t' db:exec(q)") == "3:59 forbidden-in-transaction; ");
  CHECK(check.in_runbook("local function v(db) db:exec('vacuum t') end\nstep 's' { on = master, tx = v }") ==
        "3:31 forbidden-in-transaction; ");
  CHECK(check.in_runbook("step 's' { on = master, probe = function() end, effect = function(run, db) "
                         "db:exec('create database x') end }") == "");
}

TEST_CASE("write-while-reading") {
  Checker check;
  std::string const step = "step 's' { on = master, tx = function() end, probe = function(run, db) ";
  CHECK(check.in_runbook(step + "db:exec('insert into t values (1)') end }") == "3:81 write-while-reading; ");
  CHECK(check.in_runbook(step + "return db:value('select count(*) from t') > 0 end }") == "");
}

TEST_CASE("sql-syntax and several-statements") {
  Checker check;
  CHECK(check.in_tx("db:exec('selec 1')") == "3:57 sql-syntax; ");
  CHECK(check.in_tx("db:one([[select a\n  from t whree b]])") == "4:16 sql-syntax; ");
  CHECK(check.in_tx("db:exec('grant x to ' .. db:identifier(run.slug) .. ' with nothing')") ==
        "3:107 sql-syntax; ");
  CHECK(check.in_tx("db:exec('select ' .. run.id .. ' frm')") == "");
  CHECK(check.in_tx("db:exec(\"select 'ü', a from from t\")") == "3:76 sql-syntax; ");
  CHECK(check.in_tx("db:exec('select 1; select 2')") == "3:57 several-statements; ");
  CHECK(check.in_tx("db:exec('')") == "3:57 several-statements; ");
  CHECK(check("sql('selec 1')") == "1:6 sql-syntax; ");
  CHECK(check("tenants:query{ sql = 'selec 1' }") == "1:23 sql-syntax; ");
  CHECK(check("tenants:query('select 1')") == "");
}

TEST_CASE("sql-injection-shape") {
  Checker check;
  std::string const rule = "sql-injection-shape?; ";
  CHECK(check.in_tx("db:exec('select * from t where a = ' .. run.slug)") == "3:92 " + rule);
  CHECK(check.in_tx("db:exec(string.format('select %s', run.slug))") == "3:87 " + rule);
  CHECK(check.in_tx("db:exec(('select %s'):format(run.slug))") == "3:81 " + rule);
  CHECK(check.in_tx("local s = run.slug db:exec('select ' .. s)") == "3:62 " + rule);
  CHECK(check.in_tx("db:exec('select ' .. tostring(run.at.slug))") == "3:82 " + rule);
  CHECK(check.in_tx("db:exec('select ' .. run.size .. run.id)") == "");
  CHECK(check.in_tx("db:exec('analyze ' .. db:identifier(run.slug))") == "");
  CHECK(check.in_tx("local s = db:literal(run.slug) db:exec('select ' .. s)") == "");
  CHECK(check.in_tx("db:exec('select $1', run.slug .. 'x')") == "");
}

TEST_CASE("unknown-tenant and unknown-server") {
  Checker check;
  auto const online = Reach::online;
  CHECK(check("print(tenants.acmee, tenants['beta'])", online) == "1:15 unknown-tenant; ");
  CHECK(check("print(tenants:get('nobody'), tenants:get('acme'))", online) == "1:15 unknown-tenant; ");
  CHECK(check("print(servers['pg-9'], servers['pg-1'])", online) == "1:15 unknown-server; ");
  CHECK(check.told("unknown-tenant", "print(tenants.acmee)", online) ==
        "there is no tenant \"acmee\" | did you mean acme?");
  CHECK(check("print(tenants['ac*'], tenants.query)", online) == "");
  CHECK(check("print(tenants.acmee)", Reach::offline) == "");
}

TEST_CASE("unknown-method, unknown-option and unknown-global") {
  Checker check;
  CHECK(check("tenants:fetch()") == "1:9 unknown-method; ");
  CHECK(check("tenants.acme:dmup { at = 'x' }") == "1:14 unknown-method; ");
  CHECK(check.told("unknown-method", "migrations:stauts()") ==
        "migrations has no method \"stauts\" | did you mean :status?");
  CHECK(check.in_tx("db:exce('select 1')") == "3:51 unknown-method; ");
  CHECK(check.in_tx("run.at:dmup{}") == "3:55 unknown-method; ");
  CHECK(check("print(string.fromat('x'))") == "1:14 unknown-method; ");
  CHECK(check("sql('select 1'):sortt('a')") == "1:17 unknown-method; ");
  CHECK(check("migrations:up{ scpoe = 'master' }") == "1:24 unknown-option; ");
  CHECK(check("migrations:up{ scope = 'master', plan = true, reason = 'x' }") == "");
  CHECK(check("prnt(1)") == "1:1 unknown-global; ");
  CHECK(check.told("unknown-global", "prnt(1)") == "unknown name prnt | did you mean print?");
  CHECK(check("x = 1 print(x) function f() return x end f()") == "");
  CHECK(check("function f() y = 2 end f()") == "1:14 unknown-global; ");
  CHECK(check("local t = { name = 1 } print(t.name, arg[1], _G)") == "");
  CHECK(check.in_tx("return os.time()") == "3:55 unknown-global; ");
}

TEST_CASE("the shipped runbooks are clean") {
  tests::Bench bench;
  bench.world.shipped = TENANTSH_SOURCE;  // one includes another
  std::vector<std::string> files;
  auto const folder = std::filesystem::path{TENANTSH_SOURCE} / "runbooks";
  for (auto const& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".lua") files.push_back(entry.path().string());
  REQUIRE(files.size() >= 5);
  std::string text;
  for (auto const& finding : scripting::check_files(bench.world, files, Reach::offline).findings)
    text += scripting::finding_text(finding);
  CHECK(text == "");
}

TEST_CASE("a plain script is never executed, nor is a step") {
  tests::Bench bench;
  std::string pattern = (std::filesystem::temp_directory_path() / "tenantsh-check-XXXXXX").string();
  std::filesystem::path const folder = ::mkdtemp(pattern.data());
  std::ofstream{folder / "a.lua"} << "print('ran') drill:write{}";
  std::ofstream{folder / "b.lua"}
      << head << uses << "print('ran') step 's' { on = master, tx = function() print('ran') end }";
  auto const report = scripting::check_files(
      bench.world, {(folder / "a.lua").string(), (folder / "b.lua").string()}, Reach::offline);
  CHECK(report.findings.empty());
  CHECK(bench.console.said == "");
  std::filesystem::remove_all(folder);
}
