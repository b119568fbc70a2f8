#include "fleet/environment.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "fleet/error.hpp"

namespace {

using fleet::Environment;
using fleet::Secret;

class Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "tenantsh-environment-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(Folder const&) = delete;
  Folder& operator=(Folder const&) = delete;

  std::filesystem::path write(std::string const& name, std::string_view text) const {
    auto const file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  // `text` with our place replaced by FOLDER.
  std::string shown(std::string text) const {
    for (auto at = text.find(path_.string()); at != text.npos; at = text.find(path_.string()))
      text.replace(at, path_.string().size(), "FOLDER");
    return text;
  }
  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string list(fleet::ListSource const& source) {
  switch (source.kind) {
    case fleet::ListSource::Kind::registry: return "registry";
    case fleet::ListSource::Kind::sql: return "sql " + source.text;
    case fleet::ListSource::Kind::file: return "file " + source.text;
  }
  return "";
}

std::string notify(fleet::Notify const& one) {
  std::string text;
  for (auto const& word : one.command) text += "<" + word + "> ";
  text += "| " + one.webhook + " |";
  for (auto const& event : one.on) text += " " + event;
  return text + " | after " + std::to_string(one.after.count()) + " ms";
}

std::string environment(Environment const& one) {
  auto text = "[" + one.name + "] " + std::string(to_string(one.guard)) + " " + one.colour + "\n  master " +
              one.master_dsn + " | " + one.master_secret.reference() + "\n  direct " + one.direct_master_dsn +
              "\n  journal " + one.journal_dsn + "\n  servers " + list(one.servers) + "\n  tenants " +
              list(one.tenants) + "\n  secrets " + one.secrets_folder.string() + "\n  in " +
              one.declared_in.string() + "\n";
  if (one.notify.anybody()) text += "  notify " + notify(one.notify) + "\n";
  if (!one.application.restart.empty())
    text += "  application " + std::to_string(one.application.cache_lifetime.count()) + " ms <" +
            one.application.restart.front() + ">\n";
  if (auto const& first = one.first_server)
    text += "  first " + first->name + " " + first->region + " " + first->host + ":" +
            std::to_string(first->port) + " " + first->admin_user + " " + first->admin_secret_ref + " " +
            std::to_string(first->capacity_tenants) + "\n";
  return text;
}

std::string error_text(fleet::Error const& error) {
  return std::string(to_string(error.kind)) + ": " + error.message +
         (error.hint.empty() ? "" : " [" + error.hint + "]");
}

std::string loaded(fleet::ConfigurationPlaces const& places) {
  try {
    auto const found = fleet::load_configuration(places);
    auto text = "default " + found.default_environment + (found.exec_allowed ? "" : ", no exec") + "\n";
    for (auto const& file : found.files) text += "read " + file.string() + "\n";
    for (auto const& [name, one] : found.environments) text += environment(one);
    if (found.sandbox_notify.anybody()) text += "sandbox notify " + notify(found.sandbox_notify) + "\n";
    return text;
  } catch (fleet::Error const& error) {
    return error_text(error);
  }
}

// What a file of that text says when it is the only one.
std::string explicit_file(std::string_view text) {
  Folder const folder;
  return folder.shown(
      loaded({.explicit_file = folder.write("t.toml", text), .user_file = {}, .project_start = {}}));
}

// An environment's table around one line.
std::string in_prod(std::string const& line) {
  return explicit_file("[environment.prod]\nmaster = \"host=m\"\n" + line + "\n");
}

// Understands `k=v k=v`.
class FakeDriver final : public fleet::Driver {
 public:
  std::unique_ptr<fleet::Session> connect(fleet::Endpoint const&, fleet::Secrets&,
                                          fleet::ConnectOptions const&) override {
    return nullptr;
  }
  std::string sha256(std::string_view) const override { return ""; }
  std::string sha256_file(std::string const&) const override { return ""; }
  std::string random_token(std::size_t) const override { return ""; }
  std::map<std::string, std::string> parse_dsn(std::string const& dsn) const override {
    std::map<std::string, std::string> keywords;
    for (std::size_t at = 0; at < dsn.size();) {
      auto const end = std::min(dsn.find(' ', at), dsn.size()), equals = dsn.find('=', at);
      keywords[dsn.substr(at, equals - at)] = dsn.substr(equals + 1, end - equals - 1);
      at = end + 1;
    }
    return keywords;
  }
  std::map<std::string, std::string> environment_keywords() const override {
    return {{"PGHOST", "host"},         {"PGHOSTADDR", "hostaddr"}, {"PGPORT", "port"},
            {"PGUSER", "user"},         {"PGDATABASE", "dbname"},   {"PGPASSWORD", "password"},
            {"PGPASSFILE", "passfile"}, {"PGSERVICE", "service"},   {"PGAPPNAME", "application_name"},
            {"PGSSLMODE", "sslmode"},   {"PGOPTIONS", "options"},   {"PGCLIENTENCODING", "client_encoding"}};
  }
};

std::string endpoint(std::string const& dsn, fleet::StrayVariables const& variables,
                     std::string const& secret = "") {
  FakeDriver driver;
  auto const found =
      fleet::endpoint_of(dsn, secret.empty() ? Secret() : Secret::parse(secret), "master", variables, driver);
  std::string text;
  for (auto const& [keyword, value] : found.keywords) text += keyword + "=" + value + " ";
  return text + "| " + found.password.reference();
}

}  // namespace

TEST_CASE("load_configuration without a file") {
  Folder const folder;
  CHECK(loaded({.explicit_file = {}, .user_file = folder.path() / "none", .project_start = folder.path()}) ==
        "default sandbox\n");
}

TEST_CASE("load_configuration lays the project's file over the user's") {
  Folder const folder;
  auto const user = folder.write("home/tenantsh.toml", R"(default_environment = "prod"
[environment.prod]
master = "service=master"
master_secret = "file:master.pw"
guard = "protected"
colour = "red"
secrets_folder = "secrets"
[environment.prod.servers]
sql = """
select name
from server"""
[environment.prod.tenants]
file = "tenants.csv"
[environment.prod.first_server]
name = "pg-1"
host = "pg-1.internal"
[environment.old]
journal = "host=j"
servers.file = "/lists/servers.csv"
tenants.file = "~/tenants.csv"
)");
  folder.write(
      "work/tenantsh.toml",
      "\xEF\xBB\xBF"
      "[environment.prod]\r\nguard = \"confirm\"\r\ndirect_master = \"postgresql://u@h:5432/m\"\r\n"
      "master_secret = \"env:PGPW\"\r\ntenants = { sql = \"select 1\" }\r\n"
      "[environment.prod.first_server]\r\nport = 6432\r\nregion = \"eastus2\"\r\nadmin_user = \"adm\"\r\n"
      "admin_secret_ref = \"azure:v/n\"\r\ncapacity_tenants = 5\r\n");
  std::filesystem::create_directories(folder.path() / "work/deep/er");
  setenv("HOME", (folder.path() / "home").c_str(), 1);
  CHECK(folder.shown(loaded(
            {.explicit_file = {}, .user_file = user, .project_start = folder.path() / "work/deep/er"})) ==
        R"(default prod
read FOLDER/home/tenantsh.toml
read FOLDER/work/tenantsh.toml
[old] confirm 
  master  | 
  direct 
  journal host=j
  servers file /lists/servers.csv
  tenants file FOLDER/home/tenants.csv
  secrets 
  in FOLDER/home/tenantsh.toml
[prod] confirm red
  master service=master | env:PGPW
  direct postgresql://u@h:5432/m
  journal 
  servers sql select name
from server
  tenants sql select 1
  secrets FOLDER/home/secrets
  in FOLDER/work/tenantsh.toml
  first pg-1 eastus2 pg-1.internal:6432 adm azure:v/n 5
)");
  CHECK(
      folder.shown(loaded({.explicit_file = {}, .user_file = user, .project_start = folder.path() / "home"}))
          .find("| file:FOLDER/home/master.pw") != std::string::npos);
  CHECK(folder
            .shown(loaded({.explicit_file = folder.write("x.toml", "[environment.x]\nmaster='host=m'\n"),
                           .user_file = user,
                           .project_start = folder.path() / "work"}))
            .substr(0, 36) == "default sandbox\nread FOLDER/x.toml\n[");
}

TEST_CASE("load_configuration refuses what it does not know") {
  CHECK(in_prod("gaurd = \"open\"") ==
        "config: FOLDER/t.toml:3: unknown key \"gaurd\" in [environment.prod]; known: master, master_secret, "
        "direct_master, journal, guard, colour, secrets_folder, servers, tenants, first_server, notify, "
        "application; did "
        "you mean "
        "\"guard\"?");
  std::string lines;
  for (std::string const line : {"guard = \"opne\"",
                                 "guard = true",
                                 "colour = \"pink\"",
                                 "colour = 1.5",
                                 "master_secret = \"hunter2\"",
                                 "master_secret = \"evn:A\"",
                                 "journal = \"  \"",
                                 "direct_master = 1979-05-27",
                                 "servers = \"x\"",
                                 "servers = {}",
                                 "servers = { sql = \"a\", file = \"b\" }",
                                 "tenants = { sql = \"\" }",
                                 "tenants = { query = \"a\" }",
                                 "first_server = { port = 70000 }",
                                 "first_server = { port = \"x\" }",
                                 "first_server = { admin_secret_ref = \"x\" }",
                                 "first_server = { capacity_tenants = 0 }",
                                 "secrets_folder = [1]",
                                 "colour = \"a\\u0000b\"",
                                 "journal = \"host=a\\nb\"",
                                 "guard = \"open\"\nguard = \"open\"",
                                 "guard = open",
                                 "guard = \"open"})
    lines += in_prod(line) + "\n";
  CHECK(
      lines ==
      R"(config: FOLDER/t.toml:3: guard in [environment.prod] is "opne"; known: open, confirm, protected; did you mean "open"?
config: FOLDER/t.toml:3: guard in [environment.prod] must be text, not true or false
config: FOLDER/t.toml:3: colour in [environment.prod] is "pink"; known: red, green, yellow, blue, magenta, cyan, white, grey
config: FOLDER/t.toml:3: colour in [environment.prod] must be text, not a number
config: FOLDER/t.toml:3: master_secret in [environment.prod] is wrong: not a reference to a secret (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
config: FOLDER/t.toml:3: master_secret in [environment.prod] is wrong: not a reference to a secret; did you mean "env:"? (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
config: FOLDER/t.toml:3: journal in [environment.prod] is empty
config: FOLDER/t.toml:3: direct_master in [environment.prod] must be text, not a date or time
config: FOLDER/t.toml:3: servers in [environment.prod] must be a table, not text
config: FOLDER/t.toml:3: sql in [environment.prod.servers] or file is missing
config: FOLDER/t.toml:3: file in [environment.prod.servers] stands beside sql; one of the two
config: FOLDER/t.toml:3: sql in [environment.prod.tenants] is empty
config: FOLDER/t.toml:3: unknown key "query" in [environment.prod.tenants]; known: sql, file
config: FOLDER/t.toml:3: port in [environment.prod.first_server] is 70000, not between 1 and 65535
config: FOLDER/t.toml:3: port in [environment.prod.first_server] must be a whole number, not text
config: FOLDER/t.toml:3: admin_secret_ref in [environment.prod.first_server] is wrong: not a reference to a secret (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
config: FOLDER/t.toml:3: capacity_tenants in [environment.prod.first_server] is 0, not between 1 and 1000000
config: FOLDER/t.toml:3: secrets_folder in [environment.prod] must be text, not a list
config: FOLDER/t.toml:3: colour in [environment.prod] holds a control character
config: FOLDER/t.toml:3: journal in [environment.prod] holds a control character
config: FOLDER/t.toml:4: cannot redefine existing string 'guard'
config: FOLDER/t.toml:3: could not determine value type [text stands in quotes: guard = "confirm"]
config: FOLDER/t.toml:3: unescaped control characters other than TAB (U+0009) are explicitly prohibited
)");
}

TEST_CASE("load_configuration reads who is notified, key by key") {
  Folder const folder;
  setenv("HOME", folder.path().c_str(), 1);
  auto const user = folder.write("home/t.toml", R"([environment.prod]
master = "host=m"
[environment.prod.notify]
command = ["./page", "--team", "a b"]
webhook = "https://chat.example/T0/x?y=1"
[environment.sandbox.notify]
command = ["sh"]
)");
  folder.write("work/tenantsh.toml", R"([environment.prod.notify]
on = []
after = "5m"
webhook = "file:hook"
[environment.sandbox]
notify = { command = ["~/bin/page"], on = ["failed", "waiting"], after = "0s" }
)");
  CHECK(folder.shown(
            loaded({.explicit_file = {}, .user_file = user, .project_start = folder.path() / "work"})) ==
        R"(default sandbox
read FOLDER/home/t.toml
read FOLDER/work/tenantsh.toml
[prod] confirm 
  master host=m | 
  direct 
  journal 
  servers registry
  tenants registry
  secrets 
  in FOLDER/work/tenantsh.toml
  notify <FOLDER/home/page> <--team> <a b> | file:FOLDER/work/hook | | after 300000 ms
sandbox notify <FOLDER/bin/page> |  | failed waiting | after 0 ms
)");
  CHECK(explicit_file("[environment.sandbox.notify]\nwebhook = \"env:HOOK\"\n") ==
        "default sandbox\nread FOLDER/t.toml\nsandbox notify | env:HOOK | waiting failed done | after 60000 "
        "ms\n");
}

TEST_CASE("load_configuration reads how the application learns of a changed reference") {
  std::string const found =
      in_prod("application = { cache_lifetime = \"1m\", restart = [\"./restart\", \"now\"] }");
  CHECK(found.find("\n  application 60000 ms <FOLDER/restart>\n") != found.npos);
  std::string lines;
  for (std::string const line :
       {"application = { cache = \"1m\" }", "application = { cache_lifetime = \"soon\" }",
        "application = { restart = [] }", "application = { restart = [\"no-such-program\"] }"})
    lines += in_prod(line) + "\n";
  CHECK(
      lines ==
      R"(config: FOLDER/t.toml:3: unknown key "cache" in [environment.prod.application]; known: cache_lifetime, restart
config: FOLDER/t.toml:3: cache_lifetime in [environment.prod.application] is "soon", no interval [cache_lifetime = "30s"; "0s": it keeps nothing]
config: FOLDER/t.toml:3: restart in [environment.prod.application] is empty [restart = ["/usr/local/bin/restart-app"]: run directly, never by a shell]
config: FOLDER/t.toml:3: restart in [environment.prod.application] names "no-such-program", which is not on PATH [give its full path]
)");
}

TEST_CASE("load_configuration refuses what cannot be notified") {
  std::string lines;
  for (std::string const line :
       {"notify = \"page\"", "notify = {}", "notify = { on = [\"done\"] }", "notify = { comand = [\"sh\"] }",
        "notify = { command = \"sh -c true\" }", "notify = { command = [] }", "notify = { command = [\"\"] }",
        "notify = { command = [\"sh\", 1] }", "notify = { command = [\"sh\", \"a\\u0000b\"] }",
        "notify = { command = [\"no-such-program\"] }", "notify = { webhook = \"\" }",
        "notify = { webhook = \"http://chat.example/x\" }", "notify = { webhook = \"prompt:URL\" }",
        "notify = { webhook = \"chat.example/secret\" }", "notify = { command = [\"sh\"], on = \"done\" }",
        "notify = { command = [\"sh\"], on = [\"faild\"] }", "notify = { command = [\"sh\"], after = 60 }",
        "notify = { command = [\"sh\"], after = \"soon\" }"})
    lines += in_prod(line) + "\n";
  lines +=
      explicit_file("[environment.sandbox]\nmaster = \"host=m\"\nnotify = { command = [\"sh\"] }") + "\n";
  CHECK(lines ==
        R"(config: FOLDER/t.toml:3: notify in [environment.prod] must be a table, not text
config: FOLDER/t.toml:3: command in [environment.prod.notify] or webhook is missing [command = ["/usr/local/bin/page", "--team", "db"]: run directly, never by a shell]
config: FOLDER/t.toml:3: command in [environment.prod.notify] or webhook is missing [command = ["/usr/local/bin/page", "--team", "db"]: run directly, never by a shell]
config: FOLDER/t.toml:3: unknown key "comand" in [environment.prod.notify]; known: command, webhook, on, after; did you mean "command"?
config: FOLDER/t.toml:3: command in [environment.prod.notify] must be a list of texts, not text
config: FOLDER/t.toml:3: command in [environment.prod.notify] is empty [command = ["/usr/local/bin/page", "--team", "db"]: run directly, never by a shell]
config: FOLDER/t.toml:3: command in [environment.prod.notify] is empty [command = ["/usr/local/bin/page", "--team", "db"]: run directly, never by a shell]
config: FOLDER/t.toml:3: command in [environment.prod.notify] must hold texts, not a whole number
config: FOLDER/t.toml:3: command in [environment.prod.notify] holds a control character
config: FOLDER/t.toml:3: command in [environment.prod.notify] names "no-such-program", which is not on PATH [give its full path]
config: FOLDER/t.toml:3: webhook in [environment.prod.notify] is wrong: not a reference to a secret (the text is not shown: it may be the secret itself) [an https:// URL, or env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME]
config: FOLDER/t.toml:3: webhook in [environment.prod.notify] is not https:// [a receiver without TLS: name it by a reference]
config: FOLDER/t.toml:3: webhook in [environment.prod.notify] cannot be prompt:; it is needed when nobody is there
config: FOLDER/t.toml:3: webhook in [environment.prod.notify] is wrong: not a reference to a secret (the text is not shown: it may be the secret itself) [an https:// URL, or env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME]
config: FOLDER/t.toml:3: on in [environment.prod.notify] must be a list of texts, not text
config: FOLDER/t.toml:3: on in [environment.prod.notify] is "faild"; known: waiting, failed, done; did you mean "failed"?
config: FOLDER/t.toml:3: after in [environment.prod.notify] must be text, not a whole number
config: FOLDER/t.toml:3: after in [environment.prod.notify] is "soon", no interval [after = "30s", "5m", "2h"; "0s": at once]
config: FOLDER/t.toml:1: the environment name "sandbox" is reserved [tenantsh makes the sandbox itself: tenantsh sandbox up]
)");
}

TEST_CASE("load_configuration refuses what stands around the environments") {
  std::string lines;
  for (std::string const text : {"defualt_environment = \"prod\"",
                                 "default_environment = \"prod\"",
                                 "default_environment = 1",
                                 "environment = 1",
                                 "[environment]\nprod = 1",
                                 "[environment.sandbox]\nmaster = \"host=m\"",
                                 "[environment.\"../up\"]\nmaster = \"host=m\"",
                                 "[environment.\"a\\u001Bb\"]",
                                 "[environment.prod]",
                                 "[environment.prod]\nservers.file=\"a\"\ntenants.file=\"b\"",
                                 "default_environment = \"pord\"\n[environment.prod]\nmaster = \"host=m\"",
                                 "",
                                 "# nothing\n",
                                 "a = 1\n\n[=x]\nb = 2\n",

                                 "a = \"\"\"\né\n\"\"\" # é\n[x.é]",
                                 "a = \"\"\"\n\\\n é\"\"\"",
                                 "a = \"\"\"\"\"\"\"é",
                                 "a = 1\"é\"",
                                 "a.\"b\" = 1.\"\"",
                                 "a = '\xff'",
                                 "\x01"})
    lines += explicit_file(text) + "\n";
  lines += explicit_file(std::string(300 * 1024, '#')) + "\n";
  std::string dots = "a = 1\n";
  for (int count = 0; count < 100000; ++count) dots.insert(0, "a.");
  lines += explicit_file(dots) + "\n";
  lines += explicit_file("a = " + std::string(100000, '[')) + "\n";
  lines += loaded({.explicit_file = "/", .user_file = {}, .project_start = {}}) + "\n";
  lines += loaded({.explicit_file = "/nonexistent.toml", .user_file = {}, .project_start = {}}) + "\n";
  lines += loaded({.explicit_file = "/dev/null/x.toml", .user_file = {}, .project_start = {}}) + "\n";
  lines += loaded({.explicit_file = "/dev/zero", .user_file = {}, .project_start = {}}) + "\n";
  CHECK(
      lines ==
      R"(config: FOLDER/t.toml:1: unknown key "defualt_environment"; known: default_environment, environment; did you mean "default_environment"?
config: FOLDER/t.toml:1: default_environment is "prod"; known: sandbox
config: FOLDER/t.toml:1: default_environment must be text, not a whole number
config: FOLDER/t.toml:1: environment must be a table, not a whole number
config: FOLDER/t.toml:2: prod in [environment] must be a table, not a whole number
config: FOLDER/t.toml:1: the environment name "sandbox" is reserved [tenantsh makes the sandbox itself: tenantsh sandbox up]
config: FOLDER/t.toml:1: "../up" cannot name an environment: letters, digits, _ and -, at most 60
config: FOLDER/t.toml:1: "a\x1bb" cannot name an environment: letters, digits, _ and -, at most 60
config: FOLDER/t.toml: [environment.prod] has no master [master = "host=… dbname=… user=…", without a password]
config: FOLDER/t.toml: [environment.prod] has neither master nor journal [runs are journalled in a PostgreSQL database: journal = "host=… dbname=… user=…"]
config: FOLDER/t.toml:1: default_environment is "pord"; known: sandbox, prod; did you mean "prod"?
config: FOLDER/t.toml: it declares no [environment.NAME]
config: FOLDER/t.toml: it declares no [environment.NAME]
config: FOLDER/t.toml:3: not TOML
config: FOLDER/t.toml:4: "é" outside of quotes
config: FOLDER/t.toml:2: after \ stands a character outside of ASCII
config: FOLDER/t.toml:1: "é" outside of quotes
config: FOLDER/t.toml:1: a quote inside a word
config: FOLDER/t.toml:1: a quote inside a word
config: FOLDER/t.toml:1: Encountered invalid utf-8 sequence
config: FOLDER/t.toml:1: "\x01" outside of quotes
config: FOLDER/t.toml: more than 256 KiB is no configuration
config: FOLDER/t.toml:1: more than 2000 dotted names
config: FOLDER/t.toml:1: exceeded maximum nested value depth of 256 (TOML_MAX_NESTED_VALUES)
config: /: it is a folder, not a file
config: /nonexistent.toml: No such file or directory
config: /dev/null/x.toml: Not a directory
config: /dev/zero: more than 256 KiB is no configuration
)");
}

TEST_CASE("load_configuration refuses a password in a DSN and does not show it") {
  for (std::string const key : {"master", "direct_master", "journal"}) {
    auto const text = explicit_file("[environment.prod]\n" + key + " = \"host=h password=hunter2\"\n");
    CHECK(text ==
          "config: FOLDER/t.toml:2: " + key +
              " in [environment.prod] holds a password [take it out and name it in master_secret, e.g. "
              "master_secret = \"env:MASTER_PASSWORD\"]");
  }
}

TEST_CASE("holds_password") {
  for (std::string const dsn :
       {"password=x", "host=h  password = 'x y' user=u", "host='a b' password=x", "host=a\\ b password=x",
        "sslpassword=x", "postgres://u:pw@h/d", "postgresql://u:p%40@h", "postgresql://h/d?password=x",
        "postgresql://h/d?user=u&pass%77ord=x", "postgresql://u:p/w@h/d", " postgres://u:pw@h ", "password x",
        "host=h password='x"}) {
    CAPTURE(dsn);
    CHECK(fleet::holds_password(dsn));
  }
  for (std::string const dsn : {"",
                                "host=h user=u",
                                "host=password",
                                "host='password=x'",
                                "password=",
                                "password=''",
                                "service=password",
                                "passfile=/x",
                                "postgres://u@h:5432/d",
                                "postgres://u:@h/d",
                                "postgres://h:5432/d?options=a:b@c",
                                "postgres://[::1]:5432/d",
                                "postgres://h/d?passfile=x",
                                "postgres://h/d?password=",
                                "postgres://",
                                "host=",
                                "\\",
                                "=",
                                "'",
                                "postgres://h?%",
                                "postgres://h?="}) {
    CAPTURE(dsn);
    CHECK_FALSE(fleet::holds_password(dsn));
  }
}

TEST_CASE("exec secrets are allowed only from files of the user") {
  Folder const folder;
  auto const file = folder.write("t.toml", "[environment.x]\nmaster = \"host=m\"\n");
  auto const read = [&] { return loaded({.explicit_file = file, .user_file = {}, .project_start = {}}); };
  CHECK(read().substr(0, 16) == "default sandbox\n");
  chmod(file.c_str(), 0666);
  CHECK(read().substr(0, 25) == "default sandbox, no exec\n");
  chmod(file.c_str(), 0644);
  if (geteuid() != 0) return;
  CHECK(chown(file.c_str(), 12345, 12345) == 0);
  CHECK(read().substr(0, 25) == "default sandbox, no exec\n");
}

TEST_CASE("find_environment") {
  fleet::Configuration configuration;
  configuration.environments["prod"].name = "prod";
  CHECK(fleet::find_environment(configuration, "prod").name == "prod");
  try {
    fleet::find_environment(configuration, "prdo");
    CHECK(false);
  } catch (fleet::Error const& error) {
    CHECK(error_text(error) ==
          "usage: no environment \"prdo\"; did you mean \"prod\"? [known: sandbox, prod]");
  }
}

TEST_CASE("take_postgres_variables") {
  setenv("PGHOST", "h", 1);
  setenv("PGFUTURE", "", 1);
  setenv("PGSERVICEFILE", "/s", 1);
  auto const taken = fleet::take_postgres_variables();
  CHECK(taken.at("PGHOST") == "h");
  CHECK(taken.at("PGFUTURE").empty());
  CHECK(taken.count("PGSERVICEFILE") == 0);
  CHECK(getenv("PGHOST") == nullptr);
  CHECK(getenv("PGFUTURE") == nullptr);
  CHECK(std::string(getenv("PGSERVICEFILE")) == "/s");
  unsetenv("PGSERVICEFILE");
  CHECK(fleet::take_postgres_variables().empty());
}

TEST_CASE("endpoint_of") {
  Folder const folder;
  setenv("HOME", folder.path().c_str(), 1);
  fleet::StrayVariables const variables{
      {"PGHOST", "stray"}, {"PGHOSTADDR", "10.0.0.9"}, {"PGPORT", "6432"},       {"PGUSER", "me"},
      {"PGDATABASE", ""},  {"PGAPPNAME", "x"},         {"PGSSLMODE", "require"}, {"PGDATA", "/d"}};
  CHECK(endpoint("host=h dbname=m", {}) == "dbname=m host=h | ");
  CHECK(endpoint("host=h dbname=m", variables) == "dbname=m host=h port=6432 sslmode=require user=me | ");
  CHECK(endpoint("dbname=m user=u", variables) ==
        "dbname=m host=stray hostaddr=10.0.0.9 port=6432 sslmode=require user=u | ");
  CHECK(endpoint("hostaddr=1.2.3.4 application_name=y", variables) ==
        "hostaddr=1.2.3.4 port=6432 sslmode=require user=me | ");

  CHECK(endpoint("host=h", {{"PGPASSWORD", "s3cret"}}) == "host=h | env:PGPASSWORD");
  CHECK(endpoint("host=h", {{"PGPASSWORD", "s3cret"}}, "env:OTHER") == "host=h | env:OTHER");
  CHECK(endpoint("host=h", {{"PGPASSFILE", "/p"}}) == "host=h passfile=/p | ");

  auto const services =
      folder.write(".pg_service.conf",
                   "# ours\n[other]\nport=1\n[master]\nhost=svc\nuser=su\npassword=p\n\n[last]\n"
                   "host=x\n");
  CHECK(endpoint("service=master", variables) == "port=6432 service=master sslmode=require | ");
  CHECK(endpoint("service=master", {{"PGPASSWORD", "s3cret"}}) == "service=master | ");
  CHECK(endpoint("dbname=m", {{"PGSERVICE", "last"}, {"PGUSER", "me"}}) ==
        "dbname=m service=last user=me | ");
  CHECK(endpoint("service=missing", variables) == "service=missing | ");

  auto const passfile = folder.write(".pgpass", "");
  CHECK(endpoint("host=h", {}) == "host=h passfile=" + passfile.string() + " | ");
  CHECK(endpoint("host=h", {}, "env:A") == "host=h | env:A");
  CHECK(endpoint("service=master", {}) == "service=master | ");
  CHECK(endpoint("service=last", {}) == "passfile=" + passfile.string() + " service=last | ");

  setenv("PGSERVICEFILE", folder.write("elsewhere", "[master]\nport=1\n").c_str(), 1);
  CHECK(endpoint("service=master", variables, "env:A") ==
        "host=stray hostaddr=10.0.0.9 service=master sslmode=require user=me | env:A");
  unsetenv("PGSERVICEFILE");
}
