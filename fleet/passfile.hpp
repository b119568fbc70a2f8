#pragma once

#include <string>
#include <string_view>

#include "fleet/file_descriptor.hpp"

namespace fleet {

// A libpq passfile that holds one password for every connection, for programs that we run (pg_dump,
// pg_restore). It lives in memory and goes with this object, also when we are killed: nothing is left on a
// disk. `path` names it for ourselves and for child processes of the same user, nobody else may open it.
class Passfile {
 public:
  // Error{config} for a password with a line break, which a passfile cannot hold; Error{io}.
  explicit Passfile(std::string_view password);

  std::string path() const;

 private:
  FileDescriptor file_;
};

}  // namespace fleet
