#include "fleet/secret.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fleet/error.hpp"

namespace {

using fleet::Secret;
using fleet::Secrets;

template <typename Function>
std::string answer(Function const& function) {
  try {
    return function();
  } catch (fleet::Error const& error) {
    return std::string(to_string(error.kind)) + ": " + error.message +
           (error.hint.empty() ? "" : " [" + error.hint + "]");
  }
}

std::string parsed(std::string_view reference) {
  return answer([&] { return "ok " + Secret::parse(reference).reference(); });
}

std::string resolved(std::string_view reference) {
  return answer([&] { return Secrets().resolve(Secret::parse(reference)); });
}

// A folder that is gone at the end of the test, and programs in it.
class Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "tenantsh-secret-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(Folder const&) = delete;
  Folder& operator=(Folder const&) = delete;

  std::string write(std::string const& name, std::string_view text, mode_t mode) const {
    auto const file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    chmod(file.c_str(), mode);
    return file.string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string with_folder_named(std::string text, std::string const& folder) {
  for (auto at = text.find(folder); at != text.npos; at = text.find(folder))
    text.replace(at, folder.size(), "FOLDER");
  return text;
}

}  // namespace

TEST_CASE("Secret::parse") {
  std::string lines;
  for (auto const* text : {"env:PGPW",
                           "file:/etc/secret",
                           "file:~/secret",
                           "exec:pass show 'db admin'",
                           "azure:my-vault/db-admin",
                           "prompt:",
                           "prompt:Password of the admin",
                           "",
                           "hunter2",
                           "evn:PGPW",
                           "s3cret:word",
                           "env:",
                           "env:A-B",
                           "file:",
                           "exec:",
                           "exec:  ",
                           "exec:pass 'open",
                           "azure:vault",
                           "azure:/name",
                           "azure:a/b/c",
                           "env:A\nB"})
    lines += parsed(text) + "\n";
  CHECK(lines == R"(ok env:PGPW
ok file:/etc/secret
ok file:~/secret
ok exec:pass show 'db admin'
ok azure:my-vault/db-admin
ok prompt:
ok prompt:Password of the admin
usage: not a reference to a secret (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: not a reference to a secret (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: not a reference to a secret; did you mean "env:"? (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: not a reference to a secret (the text is not shown: it may be the secret itself) [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: env: needs the name of a variable [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: env: needs the name of a variable [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: file: needs a path [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: exec: needs a command [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: exec: needs a command [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: a ' is not closed in the command
usage: azure: needs VAULT/NAME [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: azure: needs VAULT/NAME [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: azure: needs VAULT/NAME [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
usage: a secret's reference holds a control character [a secret is env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME or prompt:TEXT]
)");
  CHECK(Secret().empty());
  CHECK(Secret::parse("env:A") == Secret::parse("env:A"));
}

TEST_CASE("split_command") {
  auto const split = [](std::string_view text) {
    return answer([&] {
      std::string line;
      for (auto const& word : fleet::split_command(text)) line += "<" + word + ">";
      return line;
    });
  };
  CHECK(split("") == "");
  CHECK(split("  pass\t show  x ") == "<pass><show><x>");
  CHECK(split("a 'b c' \"d 'e'\" '' f'g'h") == "<a><b c><d 'e'><><fgh>");
  CHECK(split(R"(a\ b "c\"d" 'e\f' $HOME `x` *)") == R"(<a b><c"d><e\f><$HOME><`x`><*>)");
  CHECK(split("a \"b") == "usage: a \" is not closed in the command");
}

TEST_CASE("Secrets::resolve from the environment") {
  setenv("TENANTSH_TEST_SECRET", "s3cret word\n", 1);
  setenv("TENANTSH_TEST_EMPTY", "\n", 1);
  CHECK(resolved("env:TENANTSH_TEST_SECRET") == "s3cret word");
  CHECK(resolved("env:TENANTSH_TEST_EMPTY") == "not_found: env:TENANTSH_TEST_EMPTY: the secret is empty");
  CHECK(resolved("env:TENANTSH_TEST_UNSET") == "not_found: env:TENANTSH_TEST_UNSET: the variable is not set");
  CHECK(Secrets({}, true, {{"PGPASSWORD", "taken"}}).resolve(Secret::parse("env:PGPASSWORD")) == "taken");
  unsetenv("TENANTSH_TEST_SECRET");
  unsetenv("TENANTSH_TEST_EMPTY");
}

TEST_CASE("Secrets::resolve from a file") {
  Folder const folder;
  auto const from = [&](std::string const& path) {
    return with_folder_named(resolved("file:" + path), folder.path());
  };
  CHECK(from(folder.write("plain", "pw", 0600)) == "pw");
  CHECK(from(folder.write("line", "pw\n", 0400)) == "pw");
  CHECK(from(folder.write("lines", "pw\n\n", 0600)) == "pw\n");
  CHECK(from(folder.write("crlf", "pw\r\n", 0600)) == "pw");
  CHECK(from(folder.write("group", "pw\n", 0640)) ==
        "refused: file:FOLDER/group: other users may read or change this secret [chmod 600 FOLDER/group]");
  CHECK(from(folder.write("others", "pw\n", 0602)).substr(0, 8) == "refused:");
  CHECK(from(folder.write("empty", "\n", 0600)) == "not_found: file:FOLDER/empty: the secret is empty");
  CHECK(from(folder.write("nul", std::string_view("a\0b", 3), 0600)) ==
        "refused: file:FOLDER/nul: the secret holds a NUL byte");
  CHECK(from(folder.write("large", std::string(70000, 'x'), 0600)) ==
        "refused: file:FOLDER/large: more than 64 KiB is no secret");
  CHECK(from(folder.path() + "/none") == "not_found: file:FOLDER/none: No such file or directory");
  CHECK(from(folder.path()) == "io: file:FOLDER: it is a folder");
}

TEST_CASE("Secrets::resolve from a command") {
  Folder const folder;
  auto const program = folder.write("give", "#!/bin/sh\nprintf '%s|%s\\n' \"$#\" \"$1\"\n", 0700);
  auto const failing =
      folder.write("fail", "#!/bin/sh\necho first >&2\necho no such entry >&2\nexit 3\n", 0700);
  CHECK(resolved("exec:" + program + " 'a $HOME b'") == "1|a $HOME b");
  auto const failure = resolved("exec:" + failing);
  CHECK(failure.substr(0, 6 + failing.size() + 5) == "tool: exec:" + failing);
  CHECK(failure.find("no such entry") != failure.npos);
  CHECK(resolved("exec:true") == "tool: exec:true: the secret is empty");
  CHECK(answer([&] { return Secrets({}, false).resolve(Secret::parse("exec:" + program)); }).substr(0, 13) ==
        "refused: exec");
}

TEST_CASE("Secrets::resolve from Azure's key vault") {
  Folder const folder;
  folder.write("az", "#!/bin/sh\necho \"$@\"\n", 0700);
  std::string const before = std::getenv("PATH");
  setenv("PATH", (folder.path() + ":" + before).c_str(), 1);
  CHECK(resolved("azure:vault-1/db-admin") ==
        "keyvault secret show --vault-name vault-1 --name db-admin --query value -o tsv");
  setenv("PATH", before.c_str(), 1);
}

TEST_CASE("Secrets::resolve asks once") {
  int questions = 0;
  Secrets secrets([&](std::string const& question) { return question + std::to_string(++questions); });
  auto const first = Secret::parse("prompt:pw"), unnamed = Secret::parse("prompt:");
  CHECK(secrets.resolve(first) == "pw1");
  CHECK(secrets.resolve(first) == "pw1");
  CHECK(secrets.resolve(unnamed) == "Password2");
  secrets.forget(first);
  CHECK(secrets.resolve(first) == "pw3");
  CHECK(secrets.redact("pw1 Password2 pw3 pw4") == "prompt:pw prompt: prompt:pw pw4");
  CHECK(resolved("prompt:pw") ==
        "declined: prompt:pw: nobody is there to answer [without a terminal, name the secret by env:, file:, "
        "exec: "
        "or azure:]");
  CHECK(answer([] { return Secrets().resolve(Secret()); }).substr(0, 25) == "usage: no secret is named");
}

TEST_CASE("Secrets::resolve on several threads fetches once") {
  std::atomic<int> questions = 0;
  Secrets secrets([&](std::string const&) {
    std::this_thread::yield();
    return "value" + std::to_string(++questions);
  });
  std::vector<std::string> values(8);
  std::vector<std::thread> threads;
  for (auto& value : values)
    threads.emplace_back([&] { value = secrets.resolve(Secret::parse("prompt:x")); });
  for (auto& thread : threads) thread.join();
  for (auto const& value : values) CHECK(value == "value1");
}

TEST_CASE("Secrets::redact") {
  Secrets secrets;
  CHECK(secrets.redact("nothing known") == "nothing known");
  secrets.taint("p@ss 'w\\rd%1\"", "env:PW");
  secrets.taint("p@ss", "env:SHORT");
  secrets.taint("", "env:EMPTY");
  secrets.taint("é", "env:E");
  secrets.taint("env", "env:LOOP");
  auto const shown = [&](std::string const& text) { return secrets.redact(text); };
  CHECK(shown("password=p@ss 'w\\rd%1\";") == "password=env:PW;");
  CHECK(shown("p@ss 'other") == "env:SHORT 'other");
  CHECK(shown("postgres://u:p%40ss%20%27w%5Crd%251%22@h/db") == "postgres://u:env:PW@h/db");
  CHECK(shown("postgres://u:p%40ss%20'w%5crd%251%22@h/db") == "postgres://u:env:PW@h/db");
  CHECK(shown(R"(password='p@ss \'w\\rd%1"' host=h)") == "password='env:PW' host=h");
  CHECK(shown(R"({"password":"p@ss 'w\\rd%1\""})") == R"({"password":"env:PW"})");
  CHECK(shown("alter role r password 'p@ss ''w\\rd%1\"'") == "alter role r password 'env:PW'");
  CHECK(shown("%C3%A9 \\u00e9 é") == "env:E \\u00e9 env:E");
  CHECK(shown("env p@s") == "env:LOOP p@s");
  CHECK(shown("p@sp@ss") == "p@senv:SHORT");
  CHECK(shown("") == "");
  CHECK(shown("%4 \\ %") == "%4 \\ %");
}
