#pragma once

#include <string>

#include "fleet/process.hpp"

namespace fleet {

// Who is at work, for audit rows, journals, locks and application names.
struct Operator {
  std::string user;  // login name; behind sudo the one who called it
  std::string host;
  ProcessIdentity process;

  std::string name() const { return user + "@" + host; }
  // "tenantsh HOST PID START WHAT": how our backends are recognised after we are gone (63 bytes).
  std::string application_name(std::string const& what) const;
};

Operator this_operator();

// The parts of such an application_name; pid 0 when it is none of ours.
struct ApplicationName {
  std::string host, what;
  ProcessIdentity process;
};
ApplicationName parse_application_name(std::string const& text);

}  // namespace fleet
