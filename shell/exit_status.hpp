#pragma once

#include "fleet/error.hpp"

namespace shell {

// What the program's exit says to a script; the numbers are promised in `tenantsh help exit`.
enum class ExitStatus {
  done = 0,
  failed = 1,  // also: every tenant of a fan-out failed
  usage = 2,   // options, inputs, names, configuration: nothing was tried
  connect = 3,
  declined = 4,  // a person said no, or nobody was there to say yes
  in_doubt = 5,
  locked = 6,
  partial = 7,  // some tenants failed
  pending = 8,  // there is something to do, or a check found something
  interrupted = 130,
};

constexpr ExitStatus exit_status(fleet::ErrorKind kind) {
  switch (kind) {
    case fleet::ErrorKind::usage:
    case fleet::ErrorKind::config:
    case fleet::ErrorKind::not_found: return ExitStatus::usage;
    case fleet::ErrorKind::connect: return ExitStatus::connect;
    case fleet::ErrorKind::declined: return ExitStatus::declined;
    case fleet::ErrorKind::in_doubt: return ExitStatus::in_doubt;
    case fleet::ErrorKind::locked: return ExitStatus::locked;
    case fleet::ErrorKind::pending: return ExitStatus::pending;
    case fleet::ErrorKind::interrupted: return ExitStatus::interrupted;
    case fleet::ErrorKind::sql:
    case fleet::ErrorKind::refused:
    case fleet::ErrorKind::io:
    case fleet::ErrorKind::tool:
    case fleet::ErrorKind::failed: return ExitStatus::failed;
  }
  return ExitStatus::failed;
}

}  // namespace shell
