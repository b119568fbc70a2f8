#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace fleet {

// What stopped an operation, in the classes that decide the exit status (shell/exit_status.hpp) and what an
// operator does next. A tenant's failure inside a fan-out is data (Outcome), not a thrown Error.
enum class ErrorKind {
  usage,        // the request itself is wrong: an option, an input, a name, a selection
  config,       // tenantsh.toml or an inventory file
  not_found,    // a tenant, server, runbook, run or file that does not exist
  connect,      // a server could not be reached or refused the login
  sql,          // the server refused a statement; sqlstate is set
  refused,      // tenantsh itself refuses: a guard, a precondition, a closed gate
  declined,     // a person said no, or nobody was there to say yes
  in_doubt,     // the outcome of a commit or an effect is unknown
  locked,       // another run holds the lock
  pending,      // there is something to do (plan, status)
  interrupted,  // Ctrl-C
  io,           // files, folders, disk
  tool,         // pg_dump, initdb, az, … missing or failed
  failed,       // a check or a step says no
};

std::string_view to_string(ErrorKind kind);

// Text from outside, for a message: in double quotes, on one line (control characters as \xNN), cut after
// about 60 characters.
std::string in_quotes(std::string_view text);

// The one exception of this program. The message is one line that says what was wrong and where; `hint` says
// what to do next. Never contains a secret's value: whoever builds one from foreign text redacts it first.
struct Error : std::exception {
  Error(ErrorKind error_kind, std::string error_message);

  char const* what() const noexcept override { return message.c_str(); }

  // Chained setters for the throw site: throw Error{…}.with_hint("…").
  Error with_hint(std::string text) &&;
  Error with_detail(std::string text) &&;
  Error at_server(std::string name) &&;
  Error at_tenant(std::string slug) &&;

  // "message (SQLSTATE 42P01)\nDETAIL…\nHINT…": what an operator sees below "tenantsh: ".
  std::string describe() const;

  ErrorKind kind;
  std::string message;
  std::string sqlstate;    // five characters, empty when PostgreSQL was not involved
  std::string detail;      // PostgreSQL's DETAIL or our own
  std::string hint;        // PostgreSQL's HINT or our own: the next action
  std::string constraint;  // name of the violated constraint, if any
  std::string server;      // name in the registry, or host:port
  std::string tenant;      // slug
  std::string statement;   // the SQL text that failed, without parameter values
  int position = 0;        // 1-based character position in `statement`, 0 when unknown
};

}  // namespace fleet
