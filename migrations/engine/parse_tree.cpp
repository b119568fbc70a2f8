#include "migrations/engine/parse_tree.hpp"

#include <pg_query.h>
#include <pthread.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "fleet/error.hpp"

namespace migrations {

namespace {

// libpg_query writes its tree by recursion, unchecked: "1+1+1+…" takes about 60 bytes of stack for each byte
// of text, and a visitor some more.
constexpr std::size_t own_stack_text = 16 * 1024;
constexpr std::size_t longest_text = 1024 * 1024;
constexpr std::size_t stack_per_byte = 512;

struct Work {
  std::string text;
  std::function<void(nlohmann::json const&)> const& visit;
  bool known = false;
  std::exception_ptr failure;

  void run() {
    struct Parse {
      explicit Parse(std::string const& sql) : result(pg_query_parse(sql.c_str())) {}
      ~Parse() { pg_query_free_parse_result(result); }
      Parse(Parse const&) = delete;
      Parse& operator=(Parse const&) = delete;
      PgQueryParseResult result;
    } const parse{text};
    if (parse.result.error != nullptr) return;
    auto const tree = nlohmann::json::parse(parse.result.parse_tree);
    known = true;
    for (auto const& statement : tree.value("stmts", nlohmann::json::array()))
      if (statement.contains("stmt")) visit(statement.at("stmt"));
  }
};

void run_on_a_stack_of(std::size_t bytes, Work& work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread{};
  int const started = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        auto& running = *static_cast<Work*>(argument);
        try {
          running.run();
        } catch (std::exception const&) {
          running.failure = std::current_exception();
        }
        return nullptr;
      },
      &work);
  pthread_attr_destroy(&attributes);
  if (started != 0) throw fleet::Error{fleet::ErrorKind::io, "no thread to parse a statement"};
  pthread_join(thread, nullptr);
  if (work.failure) std::rethrow_exception(work.failure);
}

}  // namespace

bool visit_parse_tree(std::string_view statement, std::function<void(nlohmann::json const&)> const& visit) {
  if (statement.size() > longest_text) return false;
  Work work{std::string{statement}, visit};
  if (statement.size() <= own_stack_text)
    work.run();
  else
    run_on_a_stack_of(own_stack_text * stack_per_byte + statement.size() * stack_per_byte, work);
  return work.known;
}

}  // namespace migrations
