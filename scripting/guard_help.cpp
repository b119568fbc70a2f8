#include "scripting/guard.hpp"

namespace scripting {

std::string_view guard_help(std::string_view topic) {
  if (topic != "guards") return {};
  return R"(What stands between a statement and the data.

  reading     query and sql read three times over: as tenantsh_reader, which can do nothing else; in a read-only
              transaction; and after PostgreSQL's own parser said that the text is a read. sql:explain_effect says what
              it saw: read, session, write, or outside (no rollback takes it back), and what it destroys.
              The text shows names only. A view, an operator, a cast or a function that calls itself immutable may
              hide a write: role and transaction hold those.
  writing     execute runs one statement on each chosen tenant in a transaction of its own, shows what it counted, and
              commits when you say so. What destroys (DROP, TRUNCATE, DELETE without WHERE) wants the tenant's name
              typed; of several the selection as it was written.
  environment Master says in identity.environment who it is. The first write of a session asks it: another
              environment's master, or a copied one, is refused. The stronger guard holds, master's or the
              configuration's:
                open        asks only for what destroys, and whether to commit
                confirm     asks before each write
                protected   wants to be armed as well: shell:arm{ reason = "…", lasting = "15m" }, which ends by itself
  a job       Without a terminal nothing is asked and nothing goes past a question: exit 4 names the flag.
                --yes                     agrees to writes, never to what destroys
                --confirm NAME            the name that would have been typed
                --reason TEXT             why; in a protected environment there is no write without it
              At a terminal --reason arms nothing by itself: add --confirm ENVIRONMENT, or ENVIRONMENT,NAME.
  audit       identity.tenant_audit has a row before each write and one after it: who, from which machine, what, why,
              in which run. Where the first cannot be written nothing is committed.)";
}

}  // namespace scripting
