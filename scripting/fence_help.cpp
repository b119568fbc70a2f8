#include "scripting/fence_help.hpp"

namespace scripting {

std::string_view fence_help(std::string_view topic) {
  if (topic != "read_only") return {};
  return R"(What read_only and suspended are at PostgreSQL: a write fence, in the tenant's own database.

  tenants.acme:set_status{ status = "read_only", reason = "…" }     up      tenantsh run tenant_status does it as a run
  tenants.acme:set_status{ status = "active", reason = "…" }        down
  tenants.acme:fence()          since when, by whom, why; whether it fits the registry
  tenants.acme:prove_fence()    the writes that must fail, tried now

Raising it
  A prepared transaction is refused first: its COMMIT PREPARED would write through everything below.
  In one transaction INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER on tables, USAGE and UPDATE on sequences,
  CREATE on schemas and database are revoked from everybody, owner and PUBLIC too; where the admin may, EXECUTE on the
  functions that write large objects. They are kept in tenantsh.fence_privilege with grantor, grantee and grant option
  and given back exactly. default_transaction_read_only is on for the database, and for each role that sets its own;
  the former values are kept.
  The sessions from before are ended; operators' own and superusers' stay, and are named.
  Then writes that must fail are tried, none touches a row: as the application through its own connection string, as
  the owners, in BEGIN READ WRITE, with the default switched off, nextval, in a session opened before. One that gets
  through is an error, and the fence goes down again.
suspended   CONNECT is revoked as well: only the admin gets in, so backups work.
The order   The fence is up before the registry says so and down before it says active. What is killed in between is
            seen by fence(): do it again.
Whose it is A fence that a run raised is lowered by that run, or by anybody once it has ended; earlier only with take =
            true. Raising it twice keeps the first one's privileges; a run that finds the tenant read_only leaves it so.

A schema in a shared database
  The revocations are those of the schema. The database's default would close the other tenants: only logins that write
  in no other schema get default_transaction_read_only, in this database. Their sessions are ended, and any session
  that holds a lock for writing in the schema; of a login that several tenants share the others stay. suspended takes
  USAGE on the schema: the application still connects to the shared database, and sees nothing of the tenant.

What no fence stops
  superusers                    also what runs with their rights: SECURITY DEFINER functions of theirs, with the default
                                switched off. Those of the owners are stopped
  the owner on purpose          may grant itself the privileges again, alter and drop its tables (DDL asks for no
                                privilege). prove_fence and fence() see the grants: set the status again
  large objects                 lo_create, lo_put and the like, where the admin may not revoke EXECUTE on them (only a
                                superuser may)
  temporary tables              harmless: they end with their session
  foreign tables                what is written behind them from elsewhere
  tables made meanwhile         get their privileges from the default ones; new transactions are read-only all the same.
                                set the status again: they are fenced as well

Meanwhile   Writes of our own stop too (execute, migrations, seeds); drift shows what was revoked as revoked.
Archives    A dump of a fenced tenant has the fenced GRANTs, and what was revoked in the rows of tenantsh.fence_privilege.
            In the restored copy fence() says "carried", and set_status gives everything back or raises it there. An
            archive without rows (schema_only) lacks them: make it of a tenant that is active.)";
}

}  // namespace scripting
