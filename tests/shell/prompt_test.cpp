#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "shell/entry_context.hpp"
#include "shell/entry_paint.hpp"
#include "shell/highlight.hpp"
#include "shell/history.hpp"
#include "shell/table_names.hpp"

using namespace shell;

namespace {

// Rows one below the other, the cursor as ‸.
std::string screen(EntryView const& view) {
  Painted const painted = paint(view);
  std::string text;
  for (std::size_t row = 0; row < painted.rows.size(); ++row) text += painted.rows[row] + "|\n";
  return text + std::to_string(painted.cursor_row) + "," + std::to_string(painted.cursor_column);
}

// "keyword:select text:'a'".
std::string coloured(std::string const& text, Language language) {
  static char const* const names[] = {"plain", "keyword", "text", "number", "comment", "known", "unknown"};
  std::string found;
  std::size_t before = 0;
  for (Span const& span : highlight(text, language, {"tenants", "print"})) {
    CHECK(span.begin >= before);
    CHECK(span.end <= text.size());
    before = span.end;
    if (span.style == Style::plain) continue;
    found += std::string{found.empty() ? "" : " "} + names[static_cast<int>(span.style)] + ":" +
             text.substr(span.begin, span.end - span.begin);
  }
  return found;
}

std::string context(std::string const& marked) {
  std::size_t const cursor = marked.find("‸");
  EntryContext const c = context_at(marked.substr(0, cursor), cursor);
  std::string text = c.in_comment ? "comment" : c.in_string ? "string" : "code";
  if (!c.chain.empty()) text += " chain=" + c.chain;
  if (!c.called.empty()) text += " called=" + c.called;
  if (!c.key.empty()) text += " key=" + c.key;
  if (c.bracket != '\0') text += std::string{" in="} + c.bracket + std::to_string(c.argument);
  return text;
}

std::string offered(std::string const& marked) {
  static std::vector<TableName> const tables{{"members", "member", {"id", "org_id", "Name"}, false},
                                             {"claims", "claim", {"id", "amount"}, true},
                                             {"claims", "line", {"n"}, true}};
  std::size_t const cursor = marked.find("‸");
  std::string sql = marked;
  sql.erase(cursor, std::string{"‸"}.size());
  std::string list;
  for (Candidate const& candidate : sql_candidates(sql, cursor, tables).all)
    list += (list.empty() ? "" : " ") + candidate.text;
  return list;
}

}  // namespace

TEST_CASE("an entry is painted in rows that fit, with its cursor") {
  CHECK(screen({.prompt = "p> ", .text = "abc", .cursor = 1, .columns = 10}) == "p> abc|\n0,4");
  CHECK(screen({.prompt = "p> ", .text = "", .cursor = 0, .columns = 10}) == "p> |\n0,3");
  CHECK(screen({.prompt = "p> ", .text = "abcdefg", .cursor = 7, .columns = 10}) == "p> abcdefg|\n|\n1,0");
  CHECK(screen({.prompt = "p> ", .text = "abcdefghi", .cursor = 8, .columns = 10}) ==
        "p> abcdefg|\nhi|\n1,1");
  CHECK(screen({.prompt = "env> ", .text = "a\nb", .cursor = 3, .columns = 20}) == "env> a|\n...> b|\n1,6");
  CHECK(screen({.prompt = "p> ", .text = "日本語", .cursor = 3, .columns = 8}) == "p> 日本|\n語|\n0,5");
  CHECK(screen({.prompt = "p> ", .text = "e\xcc\x81x", .cursor = 3, .columns = 20}) == "p> e\xcc\x81x|\n0,4");
  CHECK(screen({.prompt = "p> ", .text = "\tx", .cursor = 1, .columns = 20}) == "p>      x|\n0,8");
  CHECK(screen({.prompt = "p> ", .text = "\x1b[2J\xff", .cursor = 0, .columns = 20}) ==
        "p> ^[[2J\\xff|\n0,3");
  CHECK(screen({.prompt = "\x1b[32mp\x1b[0m> ", .text = "a", .cursor = 1, .columns = 20}) ==
        "\x1b[32mp\x1b[0m> a|\n0,4");
  CHECK(screen({.prompt = "", .text = "1\n2\n3\n4\n5", .cursor = 0, .columns = 20, .rows = 2}) ==
        "1|\n2|\n0,0");
  CHECK(screen({.prompt = "", .text = "1\n2\n3\n4\n5", .cursor = 6, .columns = 20, .rows = 2}) ==
        "3|\n4|\n1,0");
  CHECK(screen({.prompt = "", .text = "ab", .cursor = 2, .spans = {{0, 1, Style::number}}, .columns = 20}) ==
        "\x1b[33ma\x1b[0mb|\n0,2");
}

TEST_CASE("Lua and the SQL inside it are coloured, finished or not") {
  CHECK(coloured("local x = tenants:query(\"a\") -- c", Language::lua) ==
        "keyword:local known:tenants text:\"a\" comment:-- c");
  CHECK(coloured("tenant.name + x ", Language::lua) == "unknown:tenant unknown:x");
  CHECK(coloured("for i, j in print do i = j end", Language::lua) ==
        "keyword:for keyword:in known:print keyword:do keyword:end");
  CHECK(coloured("f = function(a, b) return a .. b end", Language::lua) ==
        "keyword:function keyword:return keyword:end");
  CHECK(coloured("print{ key = 0x1F }", Language::lua) == "known:print number:0x1F");
  CHECK(coloured("print(\"select 'a' from t\")", Language::lua) ==
        "known:print text:\" keyword:select text:'a' keyword:from text:\"");
  CHECK(coloured("print[[select 1", Language::lua) == "known:print text:[[ keyword:select number:1");
  CHECK(coloured("print[==[ a ]] ]==] 2", Language::lua) == "known:print text:[==[ a ]] ]==] number:2");
  CHECK(coloured("--[[ all\nof it", Language::lua) == "comment:--[[ all\nof it");
  CHECK(coloured("\"open", Language::lua) == "text:\"open");
  CHECK(coloured("sel", Language::lua).empty());  // still being typed
  CHECK(coloured("select $1, $a$ x $a$, \"From\" -- e", Language::sql) ==
        "keyword:select number:1 text:$a$ x $a$ comment:-- e");
  CHECK(coloured("\\sql select 1", Language::command) == "keyword:\\sql keyword:select number:1");
  for (std::string const text : {"[", "[[", "\"\\", "--[", "'", "$", "e'\\", "/*", "1e", "\\", "\xff\xfe"})
    for (Language const language : {Language::lua, Language::sql, Language::command})
      CHECK_NOTHROW(coloured(text, language));
}

TEST_CASE("a statement ends at a semicolon outside quotes and comments") {
  for (char const* sql :
       {"select 1;", "select ';' ; ", "select 1; -- done", "select $$;$$;", "select 1 /* ; */ ;"})
    CHECK_MESSAGE(sql_is_complete(sql), sql);
  for (char const* sql : {"select 1", "select ';", "select 1 -- ;", "select $$;", "select 1 /* ;",
                          "select \";", "", "select 1; select"})
    CHECK_MESSAGE(!sql_is_complete(sql), sql);
}

TEST_CASE("where in an unfinished entry the cursor stands") {
  CHECK(context("tena‸") == "code");
  CHECK(context("tenants:qu‸") == "code chain=tenants");
  CHECK(context("x = tenants:where{ a = \"b\" }:qu‸") == "code chain=tenants:where{ a = \"b\" }");
  CHECK(context("tenants:query{ ti‸") == "code called=tenants:query in={0");
  CHECK(context("tenants:query{ sql = \"select 1\", ti‸") == "code called=tenants:query in={1");
  CHECK(context("tenants:query{ timeout_ms = ‸") == "code called=tenants:query key=timeout_ms in={0");
  CHECK(context("tenants:query(\"sel‸") == "string called=tenants:query in=(0");
  CHECK(context("sql\"sel‸") == "string called=sql");
  CHECK(context("sql[[sel‸") == "string called=sql");
  CHECK(context("tenants[\"ac‸") == "string called=tenants in=[0");
  CHECK(context("tenants:where{ region = \"e‸") == "string called=tenants:where key=region in={0");
  CHECK(context("x -- tenants:‸") == "comment");
  CHECK(context("return tenants.acme.‸") == "code chain=tenants.acme");
  CHECK(context("\"a\" .. te‸") == "code");
  CHECK(context("f({ a = ‸") == "code called=f key=a in={0");
}

TEST_CASE("what SQL can go on with") {
  CHECK(offered("select * from ‸") == "claim line members.");
  CHECK(offered("select * from members.‸") == "member");
  CHECK(offered("select a‸ from claim") == "amount all and any as asc");
  CHECK(offered("select m.‸ from members.member m") == "id org_id \"Name\"");
  CHECK(offered("select member.o‸ from members.member") == "org_id");
  CHECK(offered("select 1 from claim c join l‸") == "line");
  CHECK(offered("SELECT 1 FROM claim WHER‸") == "WHERE");
  CHECK(offered("select zzz‸").empty());
  CHECK(offered("‸") == "claim line members.");
}

TEST_CASE("what holds a secret stays out of the history") {
  for (char const* entry :
       {"alter role x password 'abc'", "password = \"abc\"", "fleet:connect(\"postgres://u:pw@h/db\")",
        "create user a with PASSWORD 'x'", "dsn = 'host=a password=b'", "token=abc", "api_key: 'x'"})
    CHECK_MESSAGE(holds_secret(entry), entry);
  for (char const* entry :
       {"select password_hash from t", "tenants:query(\"select 1\")", "-- the password is elsewhere",
        "postgres://host/db", "select token from sessions;"})
    CHECK_MESSAGE(!holds_secret(entry), entry);
}

TEST_CASE("the history is one file for all sessions, for its owner alone") {
  char pattern[] = "/tmp/tenantsh-history-XXXXXX";
  REQUIRE(::mkdtemp(pattern) != nullptr);
  std::filesystem::path const file = std::filesystem::path{pattern} / "history" / "prod.jsonl";
  {
    History one{file}, other{file};
    CHECK(one.add({"2026-01-01T00:00:00Z", "for i = 1, 2 do\n\tprint(i)\nend", "all", 12, false}).empty());
    CHECK(other.add({"2026-01-01T00:00:01Z", "second \xff", "acme", 1, true}).empty());
    CHECK(one.add({"", " blank first", "all", 0, false}).empty());
    CHECK(one.add({"", "alter role a password 'geheim'", "all", 0, false}).empty());
    CHECK(one.entries().size() == 3);
  }
  std::ofstream{file, std::ios::app} << "no json\n[1]\n{\"entry\": 5}\n";
  History const read{file};
  REQUIRE(read.entries().size() == 2);
  CHECK(read.entries()[0].entry == "for i = 1, 2 do\n\tprint(i)\nend");
  CHECK(read.entries()[0].took_ms == 12);
  CHECK(read.entries()[1].failed);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  std::filesystem::remove_all(pattern);
}
