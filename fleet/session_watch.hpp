#pragma once

#include <functional>
#include <string_view>

namespace fleet {

// When a crash laboratory looks at a session: just before a statement (or BEGIN, COMMIT) is handed to the
// server, and when it was, before any answer is read. Called from whichever thread uses the session.
enum class Handing { sending, sent };
using SessionWatch = std::function<void(Handing, std::string_view sql)>;

}  // namespace fleet
