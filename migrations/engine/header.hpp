#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// What a file says about itself:
//   header    := the comment lines and blank lines above the first statement
//   directive := "-- tenantsh:" word {"," word}       word := seed | no-transaction | overwrite
//                                                            | "profile" NAME
//              | "-- tenantsh: allow" RULE reason      (anywhere; read by lint)
//              | "-- fills:" schema.table {"," schema.table}
//              | "-- secrets:" NAME {"," NAME}
struct Header {
  bool seed = false;
  bool no_transaction = false;
  bool overwrite = false;  // of a seed: it owns the columns that it sets
  std::string profile;     // of a seed: "development"; empty is also "baseline" and "production"
  std::vector<std::string> fills;
  std::vector<std::string> secrets;  // values that a seed gets when it runs

  struct Mistake {
    int line = 0;
    std::string message;  // without file and line
    std::string hint;
  };
  std::vector<Mistake> mistakes;
  bool has_statement = false;  // anything but comments and blanks follows
};

Header read_header(std::string_view sql);

}  // namespace migrations
