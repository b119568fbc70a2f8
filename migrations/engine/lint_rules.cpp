#include <array>
#include <string>

#include "migrations/engine/lint_rule.hpp"

namespace migrations {

namespace {

using enum Severity;
constexpr auto sql = Rule::For::postgresql;
constexpr auto tsql = Rule::For::tsql;
constexpr auto both = Rule::For::both;
constexpr auto comments = Rule::For::comments;
constexpr auto always = Rule::When::always;
constexpr auto asked = Rule::When::asked;

constexpr std::string_view own_file =
    "put it into a file of its own with the line `-- tenantsh: no-transaction` and write CONCURRENTLY";

// By subject, in the order in which help shows them.
std::vector<Rule> const table{
    // Indexes on tables that hold rows
    {"require-concurrent-index-creation", warning, sql, always,
     "CREATE INDEX without CONCURRENTLY on a table that exists already",
     "It takes a SHARE lock: no INSERT, UPDATE or DELETE on the table until the index is built, in every "
     "tenant.",
     own_file,
     "sq: require-concurrent-index-creation; SM: add_index; At: PG101; E: E6; pf: "
     "create-index-not-concurrent"},
    {"require-concurrent-index-deletion", warning, sql, always, "DROP INDEX without CONCURRENTLY",
     "It takes ACCESS EXCLUSIVE on the table: it waits for every reader, and all later ones wait behind it.",
     own_file,
     "sq: require-concurrent-index-deletion; SM: remove_index; At: PG102; pf: drop-index-not-concurrent"},
    {"require-concurrent-reindex", warning, sql, always, "REINDEX without CONCURRENTLY",
     "It blocks writes to the table and reads that use the index. CONCURRENTLY exists since PostgreSQL 12.",
     own_file, "sq: require-concurrent-reindex"},
    {"require-concurrent-partition-detach", warning, sql, always, "DETACH PARTITION without CONCURRENTLY",
     "It takes ACCESS EXCLUSIVE on the partitioned table. CONCURRENTLY exists since PostgreSQL 14.", own_file,
     "sq: require-concurrent-partition-detach"},
    {"require-concurrent-refresh", warning, sql, always, "REFRESH MATERIALIZED VIEW without CONCURRENTLY",
     "It takes ACCESS EXCLUSIVE: nobody reads the view until it is filled anew.",
     "REFRESH MATERIALIZED VIEW CONCURRENTLY, with a unique index on the view", ""},
    {"ban-concurrent-index-creation-in-transaction", error, sql, always,
     "CONCURRENTLY in a file that runs in one transaction",
     "PostgreSQL refuses it inside a transaction block (25001). tenantsh runs a file in one unless its "
     "header "
     "says no-transaction.",
     "add the line `-- tenantsh: no-transaction` at the top of the file",
     "sq: ban-concurrent-index-creation-in-transaction; At: PG103; pf: concurrent-in-transaction"},
    {"concurrent-index-if-not-exists", info, sql, always, "CREATE INDEX CONCURRENTLY IF NOT EXISTS",
     "A build that failed leaves an INVALID index of that name, and IF NOT EXISTS then succeeds and keeps "
     "it. "
     "tenantsh drops it before a retry; other runners do not.",
     "leave IF NOT EXISTS out: tenantsh finds and repairs what a failed build left",
     "SM: remove_invalid_indexes"},
    {"concurrent-index-waits-for-other-tenants", info, sql, always,
     "CREATE INDEX CONCURRENTLY in a set that is placed as schemas",
     "It waits for every older snapshot in the database, those of other tenants included, once per tenant.",
     "run it when no long transaction is open in the shared database", ""},
    {"index-with-many-columns", info, sql, always, "an index of more than three columns that is not unique",
     "Columns after the third rarely narrow a search and make each write dearer.",
     "keep the columns that queries filter by; INCLUDE those that are only read", "SM: add_index_columns"},

    // Constraints on tables that hold rows
    {"adding-foreign-key-constraint", warning, sql, always,
     "a foreign key added to an existing table without NOT VALID",
     "All rows are checked under SHARE ROW EXCLUSIVE locks on both tables: neither takes writes meanwhile.",
     "ADD CONSTRAINT … NOT VALID here, VALIDATE CONSTRAINT in the next file",
     "sq: adding-foreign-key-constraint; SM: add_foreign_key, add_reference; E: E1; pf: "
     "add-constraint-fk-no-not-valid"},
    {"constraint-missing-not-valid", warning, sql, always,
     "a CHECK constraint added to an existing table without NOT VALID",
     "All rows are checked under ACCESS EXCLUSIVE: the table neither reads nor writes meanwhile.",
     "ADD CONSTRAINT … NOT VALID here, VALIDATE CONSTRAINT in the next file",
     "sq: constraint-missing-not-valid; SM: add_check_constraint; At: PG305; E: E1; pf: "
     "add-constraint-check-no-not-valid"},
    {"validate-in-same-transaction", warning, sql, always,
     "VALIDATE CONSTRAINT in the transaction that added it NOT VALID",
     "The lock of ADD CONSTRAINT is held until the commit, so the scan blocks as if NOT VALID were not "
     "there.",
     "put VALIDATE CONSTRAINT into the next file",
     "sq: constraint-missing-not-valid; SM: validate_foreign_key, validate_check_constraint; pf: "
     "not-valid-validate-same-tx"},
    {"disallowed-unique-constraint", warning, sql, always,
     "a UNIQUE constraint added to an existing table without USING INDEX",
     "Its index is built under ACCESS EXCLUSIVE: the table neither reads nor writes meanwhile.",
     "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … UNIQUE USING INDEX",
     "sq: disallowed-unique-constraint; SM: add_unique_constraint; At: MF101, MF102, PG104; E: E7"},
    {"adding-serial-primary-key-field", warning, sql, always,
     "a PRIMARY KEY added to an existing table without USING INDEX",
     "Its index is built, and NOT NULL checked, under ACCESS EXCLUSIVE.",
     "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … PRIMARY KEY USING INDEX",
     "sq: adding-serial-primary-key-field; At: PG105; E: W14; pf: add-pk-without-using-index"},
    {"adding-exclusion-constraint", warning, sql, always, "an EXCLUDE constraint added to an existing table",
     "Its index is built under ACCESS EXCLUSIVE, and no way around exists: EXCLUDE knows no USING INDEX.",
     "add it in a maintenance window, or to a new table", "SM: add_exclusion_constraint; E: E8"},
    {"adding-not-nullable-field", warning, sql, always,
     "SET NOT NULL without a validated CHECK (column IS NOT NULL)",
     "All rows are read under ACCESS EXCLUSIVE. Since PostgreSQL 12 a validated CHECK spares the reading.",
     "three files: CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT; SET NOT NULL and drop the "
     "check",
     "sq: adding-not-nullable-field; SM: change_column_null; At: MF104, PG303, PG304; E: E2"},
    {"ban-drop-constraint", info, sql, always, "DROP CONSTRAINT",
     "What the constraint kept out can come in from then on, and coming back needs all rows checked.",
     "allow it with the reason why the rule no longer holds", "At: CD101"},
    {"ban-create-domain-with-constraint", warning, sql, always, "CREATE DOMAIN with a constraint",
     "A later change of the constraint checks every column of that domain under locks, all at once.",
     "put the CHECK on the column, where it can be added NOT VALID", "sq: ban-create-domain-with-constraint"},
    {"ban-alter-domain-with-add-constraint", warning, sql, always, "ALTER DOMAIN … ADD CONSTRAINT",
     "It checks every column of that domain under SHARE locks on their tables.",
     "put the CHECK on the column, where it can be added NOT VALID",
     "sq: ban-alter-domain-with-add-constraint"},

    // Columns of tables that hold rows
    {"adding-required-field", error, sql, always, "ADD COLUMN … NOT NULL without a default",
     "It fails in every tenant whose table has a row (23502).",
     "add the column without NOT NULL, fill it, then SET NOT NULL; or give it a constant default",
     "sq: adding-required-field; At: MF103; pf: add-column-not-null-no-default"},
    {"adding-field-with-default", warning, sql, always,
     "ADD COLUMN that needs a value computed for each row (volatile default, serial, identity, stored "
     "generated)",
     "The whole table is rewritten under ACCESS EXCLUSIVE. Constant defaults are free since PostgreSQL 11.",
     "add the column without it, set the default, then fill old rows in batches",
     "sq: adding-field-with-default; SM: add_column_default, add_column_default_callable, "
     "add_column_auto_incrementing, add_column_generated_stored; At: PG302; E: E11"},
    {"changing-column-type", warning, sql, always, "ALTER COLUMN … TYPE on an existing table",
     "Unless the old type is binary compatible, table and indexes are rewritten under ACCESS EXCLUSIVE, and "
     "running programs see another type.",
     "add a column of the new type, fill it, switch the program, drop the old one",
     "sq: changing-column-type; SM: change_column; At: PG301; E: E5, E10; pf: alter-column-type"},
    {"renaming-column", warning, sql, always, "RENAME COLUMN",
     "Programs that know the old name fail from the commit on, while tenants are migrated one after another.",
     "add a column, write both, switch the program, drop the old one",
     "sq: renaming-column; SM: rename_column; At: BC102; pf: rename-column"},
    {"renaming-table", warning, sql, always, "ALTER TABLE … RENAME TO, or SET SCHEMA",
     "Programs that know the old name fail from the commit on, while tenants are migrated one after another.",
     "leave a view of the old name behind in the same file",
     "sq: renaming-table; SM: rename_table; At: BC101"},
    {"renaming-schema", warning, sql, always, "ALTER SCHEMA … RENAME TO",
     "Every program and every search_path that names the schema fails from the commit on.",
     "make a new schema and move the tables one by one", "SM: rename_schema"},
    {"renaming-enum-value", warning, sql, always, "ALTER TYPE … RENAME VALUE",
     "Programs that write the old label fail from the commit on.",
     "add the new label, switch the program, update the rows", "SM: rename_enum_value"},
    {"ban-drop-not-null", warning, sql, always, "DROP NOT NULL",
     "Programs that never met a NULL in this column meet one.",
     "make sure that every reader takes NULL, then allow it with that reason", "sq: ban-drop-not-null"},
    {"rewriting-table", warning, sql, always, "SET LOGGED, SET UNLOGGED, SET TABLESPACE or SET ACCESS METHOD",
     "The whole table is rewritten under ACCESS EXCLUSIVE; unlogged tables are lost in a crash.",
     "do it in a maintenance window, or copy into a new table", ""},
    {"combine-alter-table", info, sql, always, "several ALTER TABLE in a row on one table",
     "Each takes the lock anew, and each rewrite or scan reads the table again.",
     "write one ALTER TABLE with several actions", "SM: change_table; E: W12"},
    {"duplicate-column", error, sql, always, "a column that one statement makes twice",
     "PostgreSQL refuses the statement (42701).", "remove one of the two", ""},
    {"ban-duplicate-column-assignments", error, sql, always, "a column that one UPDATE sets twice",
     "PostgreSQL refuses the statement (42601).", "remove one of the two",
     "sq: ban-duplicate-column-assignments"},

    // What cannot be taken back
    {"ban-drop-column", warning, sql, always, "DROP COLUMN on an existing table",
     "The data is gone with the commit, and programs that read the column fail at once.",
     "release the program that no longer reads it first; allow it with the reason",
     "sq: ban-drop-column; SM: remove_column; At: DS103; pf: drop-column"},
    {"ban-drop-table", warning, sql, always, "DROP TABLE of an existing table",
     "The data is gone with the commit.",
     "rename the table for some days first, or back up and allow it with the reason",
     "sq: ban-drop-table; At: DS102; pf: drop-table"},
    {"ban-drop-schema", warning, sql, always, "DROP SCHEMA", "Everything in it is gone with the commit.",
     "drop its objects by name, so that a forgotten one stops the file", "At: DS101; pf: drop-schema"},
    {"ban-drop-database", error, sql, always, "DROP DATABASE",
     "A migration runs inside a tenant; databases are made and dropped by tenantsh's own runbooks.",
     "tenantsh run retire_tenant", "sq: ban-drop-database; At: DS101"},
    {"ban-truncate-cascade", error, sql, always, "TRUNCATE … CASCADE",
     "It empties every table that refers to this one, whichever they are in this tenant.",
     "name the tables that are meant", "sq: ban-truncate-cascade; pf: truncate-cascade"},
    {"truncate-table", warning, sql, always, "TRUNCATE of an existing table",
     "All rows are gone, and ACCESS EXCLUSIVE is held until the commit.",
     "DELETE with a WHERE that says which rows; allow it with the reason", "pf: truncate"},
    {"delete-without-where", warning, sql, always, "DELETE without WHERE on an existing table",
     "All rows are gone; the table is not smaller until it is vacuumed.", "say which rows",
     "pf: delete-without-where"},
    {"update-without-where", warning, sql, always, "UPDATE without WHERE on an existing table",
     "Every row is written anew and locked until the commit; the table doubles in size.",
     "say which rows (… IS DISTINCT FROM the new value), in batches",
     "SM: backfill; pf: update-in-migration"},
    {"drop-without-if-exists", warning, sql, always, "DROP without IF EXISTS",
     "One tenant that lacks the object stops there, and a second run of the file fails.", "DROP … IF EXISTS",
     "sq: prefer-robust-stmts; pf: prefer-robust-drop-index, prefer-robust-drop-table"},

    // Locks and transactions
    {"backfill-with-schema-change", warning, sql, always,
     "rows of a table changed in the transaction that alters it",
     "ACCESS EXCLUSIVE is held until the last row is written.",
     "put the UPDATE into the next file, in batches",
     "SM: backfill; E: E4; pf: backfill-in-ddl-transaction, update-in-migration"},
    {"long-work-under-exclusive-lock", warning, sql, always,
     "an index build or a scan after ACCESS EXCLUSIVE was taken on an existing table",
     "The table is closed to readers until the transaction ends, not only for its own statement.",
     "put what takes long into a file of its own", "E: E4; pf: statement-after-access-exclusive"},
    {"lock-table", warning, sql, always, "LOCK TABLE",
     "The lock is held until the end of the file's transaction.",
     "leave locking to the statements; batch what takes long", "pf: lock-table"},
    {"vacuum-full", warning, sql, always, "VACUUM FULL",
     "The table is rewritten under ACCESS EXCLUSIVE and needs its size again on disk.",
     "plain VACUUM, or pg_repack outside of migrations", "sq: prefer-repack; pf: vacuum-full"},
    {"cluster-table", warning, sql, always, "CLUSTER",
     "The table is rewritten under ACCESS EXCLUSIVE and needs its size again on disk.",
     "pg_repack outside of migrations", "sq: prefer-repack"},
    {"creating-trigger-on-existing-table", info, sql, always, "CREATE TRIGGER on an existing table",
     "It takes SHARE ROW EXCLUSIVE: it waits for writers and they wait behind it.",
     "keep the file short: the trigger alone", "pf: create-trigger"},
    {"disabling-trigger", warning, sql, always, "DISABLE TRIGGER",
     "Other sessions' rows pass without it too, and ALL switches foreign keys off.",
     "ALTER the trigger's condition, or write rows that it accepts", ""},
    {"transaction-nesting", error, sql, always, "BEGIN, COMMIT or ROLLBACK in a file",
     "tenantsh opens and commits the file's transaction; a COMMIT in it would leave half a file behind.",
     "remove it", "sq: transaction-nesting"},
    {"ban-uncommitted-transaction", error, sql, always, "BEGIN without COMMIT",
     "What follows is rolled back when the session ends.", "remove BEGIN: tenantsh opens the transaction",
     "sq: ban-uncommitted-transaction"},
    {"forbidden-in-transaction", error, sql, always,
     "a statement that PostgreSQL refuses inside a transaction block",
     "tenantsh runs a file in one transaction unless its header says no-transaction (25001).",
     "add the line `-- tenantsh: no-transaction` at the top of the file", ""},
    {"prefer-robust-stmts", info, sql, always,
     "a statement of a no-transaction file that fails when it runs again",
     "Each statement commits on its own. tenantsh goes on after those that took effect; other tools, and a "
     "person with "
     "psql, run the file from its start.",
     "IF NOT EXISTS, IF EXISTS or OR REPLACE; or one statement a file",
     "sq: prefer-robust-stmts; pf: prefer-robust-create-index, prefer-robust-create-table"},
    {"enum-value-used-in-same-transaction", error, sql, always,
     "a new enum label used in the transaction that adds it",
     "PostgreSQL refuses it until the commit (55P04).", "put the statement that uses it into the next file",
     ""},
    {"require-enum-value-ordering", info, sql, always, "ALTER TYPE … ADD VALUE without BEFORE or AFTER",
     "Enums sort by position: the order differs between tenants that got labels in another order.",
     "ADD VALUE 'new' AFTER 'old'", "sq: require-enum-value-ordering"},
    {"set-not-local", warning, sql, always, "SET without LOCAL",
     "The setting outlives the file and changes what later files of the session do.", "SET LOCAL", ""},
    {"disabling-timeout", warning, sql, always, "lock_timeout or statement_timeout set to 0",
     "tenantsh gives each statement a lock_timeout and tries again; without one it queues all readers behind "
     "it.",
     "leave the line out",
     "sq: require-lock-timeout, require-statement-timeout; E: E9; pf: missing-lock-timeout"},

    // Types and columns
    {"prefer-bigint-over-int", warning, sql, always, "integer for a key",
     "A key of 32 bits ends at 2,147,483,647, and changing it later rewrites the table.",
     "bigint generated always as identity, or uuid", "sq: prefer-bigint-over-int; E: W13; pf: prefer-bigint"},
    {"prefer-bigint-over-smallint", warning, sql, always, "smallint for a generated key",
     "A key of 16 bits ends at 32,767.", "bigint generated always as identity",
     "sq: prefer-bigint-over-smallint"},
    {"prefer-identity", warning, sql, always, "serial",
     "Its sequence has rights and an owner of its own, and an INSERT can write past it.",
     "bigint generated always as identity", "sq: prefer-identity"},
    {"prefer-text-field", warning, sql, always, "varchar(n)",
     "A longer n later needs ACCESS EXCLUSIVE, a shorter one a rewrite; text takes no more room.",
     "text, with CHECK (length(column) <= n) where the limit is a rule", "sq: prefer-text-field"},
    {"ban-char-field", warning, sql, always, "char(n)",
     "Values are padded with blanks, which comparisons ignore and LIKE does not.", "text",
     "sq: ban-char-field"},
    {"prefer-timestamp-tz", warning, sql, always, "timestamp without time zone",
     "It means another moment in each session's zone.", "timestamptz", "sq: prefer-timestamp-tz"},
    {"float-for-money", warning, sql, always, "float or money for an amount, a price or a percentage",
     "0.1 + 0.2 is not 0.3 in binary; type money depends on lc_monetary. Which columns: setting "
     "money_columns.",
     "numeric(18,4)", ""},
    {"prefer-jsonb", warning, sql, always, "json",
     "It has no equality, so that DISTINCT and GROUP BY fail, and keeps the text instead of the value.",
     "jsonb", "SM: add_column_json; E: E3"},
    {"prefer-table-over-enum", info, sql, always, "CREATE TYPE … AS ENUM",
     "Labels cannot be dropped, and adding one is a migration of every tenant.",
     "text with a CHECK, or a foreign key to a reference table", "E: W13"},
    {"boolean-without-default", info, sql, always, "boolean that may be NULL, without a default",
     "Without one it has a third value, NULL, that conditions take for neither.",
     "boolean NOT NULL DEFAULT false", ""},
    {"table-without-primary-key", warning, sql, always, "a table without a primary key",
     "Its rows cannot be told apart: UPDATE and DELETE are not replicated, parity cannot name a row.",
     "id bigint generated always as identity primary key", ""},
    {"column-order", info, sql, asked, "columns in an order that wastes room",
     "Fixed-width columns are aligned: a wider one behind a narrower one leaves bytes empty in every row.",
     "8-byte columns first, then 4, 2 and 1, then text", "At: PG110"},

    // Names, by the set's settings
    {"identifier-too-long", error, sql, always, "a name of more than 63 bytes",
     "PostgreSQL cuts it off without an error; two long names become one.", "a shorter name",
     "sq: identifier-too-long"},
    {"naming-case", warning, both, always, "a name that is not of the set's case (setting naming)",
     "Names of both cases need quoting from then on.", "snake case of the set's kind", "At: NM101–NM106"},
    {"index-name", warning, both, always,
     "an index that is not called PREFIX + TABLE + _ + COLUMNS (setting index_prefix)",
     "Errors and plans name indexes only by their names.", "rename it", "At: NM104"},
    {"foreign-key-name", warning, both, always,
     "a foreign key that is not called PREFIX + CHILD + _ + PARENT (setting foreign_key_prefix)",
     "A violation is reported by that name alone.", "rename it", "At: NM105"},
    {"primary-key-name", warning, both, always, "a key of one column of another name (setting primary_key)",
     "Joins and tools count on one name.", "rename the column", ""},
    {"audit-columns", warning, both, always,
     "a table without the set's audit columns (setting audit_columns)",
     "Who changed a row, and when, cannot be told afterwards.", "add the columns", ""},
    {"tenant-column", warning, both, always,
     "a tenant table without the tenant's column, or not NOT NULL, or without an index (setting "
     "tenant_column)",
     "Its rows cannot be told apart by tenant.", "add the column NOT NULL and an index that begins with it",
     ""},
    {"require-table-schema", warning, sql, asked, "a table named without its schema",
     "Which table is meant depends on search_path.", "schema.table", "sq: require-table-schema"},

    // One database, many tenants
    {"unqualified-tenant-object", error, sql, always,
     "a name without {schema_name} in a set that is placed as schemas",
     "It lands in whichever schema search_path names, the same one for every tenant.", "{schema_name}.name",
     ""},
    {"literal-tenant-schema", error, sql, always, "a schema written out in a set that is placed as schemas",
     "Every tenant's run changes that one schema.", "{schema_name}.name", ""},
    {"platform-object-in-tenant-section", error, sql, always,
     "a tenant file that changes an object of the platform (setting platform_schema)",
     "It runs once per tenant: the second tenant fails, or all of them change what is shared.",
     "move the statement to the platform's section", ""},
    {"tenant-object-in-platform-section", error, sql, always, "{schema_name} in a platform file",
     "There is no tenant to put in its place.", "move the statement to the tenant section", ""},
    {"platform-prefix", warning, sql, always,
     "a platform object outside of the platform's schema (setting platform_schema)",
     "Without the prefix it lands in whichever schema search_path names.", "write the platform's schema", ""},
    {"cross-tenant-foreign-key", error, sql, always,
     "a foreign key from a tenant's schema into one that is neither its own nor the platform's",
     "One tenant's rows would hold another's: neither can be moved, restored or dropped alone.",
     "{schema_name}.parent", ""},
    {"extension-in-tenant-schema", error, sql, always, "CREATE EXTENSION in a set that is placed as schemas",
     "A database has each extension once: it would live in the first tenant's schema and go with it.",
     "make it where the shared database is made", ""},
    {"cluster-object-in-tenant-file", error, sql, always,
     "CREATE, ALTER or DROP of a role, database or tablespace, or ALTER SYSTEM, in a tenant file",
     "Those belong to the whole server: the second tenant of it fails or overwrites the first.",
     "do it once per server, in a runbook step", ""},
    {"search-path-not-local", error, sql, always, "SET search_path without LOCAL",
     "The next file, and the next tenant on the same connection, works in the wrong schema.",
     "qualify the names, or SET LOCAL search_path", ""},
    {"granting-to-public", warning, sql, always, "GRANT … TO PUBLIC",
     "Every role of the server has it, those of other tenants included.", "name the role", ""},
    {"security-definer-without-search-path", warning, sql, always,
     "a SECURITY DEFINER function without SET search_path",
     "Its caller decides which objects the owner's rights are used on (CVE-2018-1058).",
     "SET search_path = pg_catalog, pg_temp", ""},

    // The files of a set together
    {"parent-after-child", error, sql, always, "a foreign key to a table that is created later",
     "The file fails with 42P01 on a new tenant.", "create the parent first", ""},
    {"foreign-key-without-index", warning, sql, always, "a foreign key whose columns begin no index",
     "Each DELETE and key UPDATE of a parent reads the whole child table.",
     "CREATE INDEX on the foreign key's columns, in the same file", "E: E15"},
    {"created-twice", warning, sql, always, "a table that an earlier file made and none dropped",
     "The second CREATE fails with 42P07 on a new tenant.", "remove one of the two",
     "SM: create_table (force)"},
    {"baseline-only-creates", error, sql, always, "a baseline that does more than create",
     "New tenants get it at once: steps of a history (a column added, renamed, changed; UPDATE) have no "
     "place in it. "
     "Keys, identity, partitions and reference rows after CREATE TABLE, as pg_dump writes them, are its "
     "final form.",
     "write the final form into CREATE TABLE", ""},
    {"baseline-out-of-step", error, sql, always,
     "a table or column that the migrations make and the baseline does not, or the reverse",
     "It silently misses in every new tenant.", "tenantsh migrate baseline write", ""},

    // Seeds
    {"seed-without-on-conflict", warning, sql, always, "INSERT in a seed without ON CONFLICT",
     "A second run fails or doubles the rows.", "INSERT … ON CONFLICT (key) DO UPDATE SET …", ""},
    {"seed-without-natural-key", info, sql, always, "ON CONFLICT DO NOTHING without a key",
     "It also hides conflicts that nobody thought of, and doubles rows whose key is generated.",
     "ON CONFLICT (the columns that name the row)", ""},
    {"seed-with-volatile-value", warning, sql, always, "now(), random() or a generated value in a seed",
     "Each run writes other rows: it can never be proved that a second one changes nothing.",
     "a constant, or the column's default", ""},
    {"seed-with-schema-change", warning, sql, always, "a seed that creates, alters or drops",
     "Seeds run again at will; a change of structure is done once.", "put it into a migration of its own",
     ""},
    {"permission-name", warning, sql, always,
     "a permission that is not called ENTITY.ACTION (settings permission_tables, legacy_permissions)",
     "Roles are granted by entity: a name without a dot belongs to none.", "INVOICE.APPROVE", ""},

    // Taking back
    {"down-does-not-undo", warning, sql, always, "a down part that leaves something of the up part behind",
     "A second `up` fails on what is still there, and the ledger says it is not.",
     "drop in it what the file creates, in reverse order", ""},
    {"down-drops-more", error, sql, always, "a down part that drops a table which its file did not make",
     "Rolling this file back takes away what another one made.", "drop only what the file creates", ""},
    {"missing-down", info, sql, asked, "no down part", "The file cannot be rolled back.",
     "write one, or state in the file why there is none", ""},

    // Reading the text
    {"syntax-error", error, sql, always, "text that PostgreSQL's parser refuses",
     "The file fails in every tenant (42601).", "correct the statement at that place", ""},
    {"not-analysed", info, sql, always, "a statement that was not looked into",
     "It is newer than the parser of PostgreSQL 15 that reads it here, or too long: nothing is known about "
     "it.",
     "read it yourself; the server decides", "SM: execute"},
    {"dynamic-sql", info, sql, always, "EXECUTE in a DO block of a text that is put together there",
     "What it will be is not known before it runs.", "plain statements, or a constant text", "SM: execute"},
    {"psql-command", error, sql, always, "a command of psql", "Only psql knows it; the server refuses it.",
     "write it as SQL, or remove the line", ""},
    {"copy-from-stdin", error, sql, always, "COPY … FROM STDIN", "A migration has no standard input.",
     "write the rows as INSERT … VALUES, or load them in a runbook step", ""},
    {"tsql-residue", error, sql, always, "SQL Server's spelling in a PostgreSQL file",
     "PostgreSQL refuses it, or takes NVARCHAR for a type of that name that does not exist.",
     "the PostgreSQL form", ""},

    // The comments that allow
    {"allow-without-reason", warning, comments, always, "`-- tenantsh: allow RULE` without a reason",
     "Who comes later cannot tell whether it still holds.", "-- tenantsh: allow RULE the reason", ""},
    {"allow-unknown-rule", warning, comments, always, "an allow comment for a rule that does not exist",
     "It allows nothing.", "the rule's name, as findings print it", ""},
    {"allow-expired", warning, comments, always, "an allow comment whose `until` lies in the past",
     "What it allowed counts again.", "do what was put off, or give a new date", ""},
    {"unused-allow", warning, comments, always, "an allow comment that allows nothing",
     "The next finding of that rule would pass unseen.", "remove the comment", "sq: unused-ignore"},

    // Profile tsql
    {"tsql-brackets", warning, tsql, always, "a name without [BRACKETS]",
     "House style: reserved words and names never meet.", "[NAME]", ""},
    {"tsql-nvarchar", warning, tsql, always, "VARCHAR, CHAR, TEXT or NTEXT",
     "Only NVARCHAR holds every letter; TEXT and NTEXT are deprecated.", "NVARCHAR(n) or NVARCHAR(MAX)", ""},
    {"tsql-datetime2", warning, tsql, always, "DATETIME, SMALLDATETIME or TIMESTAMP for a moment",
     "DATETIME rounds to 3 ms; TIMESTAMP is a row version, no time.", "DATETIME2", ""},
    {"tsql-decimal", warning, tsql, always,
     "FLOAT, REAL or MONEY for an amount, or a DECIMAL that is not DECIMAL(18,4)",
     "Binary floats do not add up; MONEY rounds in between.", "DECIMAL(18,4)", ""},
    {"tsql-identity", warning, tsql, always, "a numeric primary key without IDENTITY",
     "Each program would have to number the rows itself.", "[ID] BIGINT IDENTITY(1,1) NOT NULL PRIMARY KEY",
     ""},
    {"tsql-sysdatetime", warning, tsql, always, "GETDATE() or CURRENT_TIMESTAMP",
     "They give DATETIME, rounded to 3 ms.", "SYSDATETIME()", ""},
    {"tsql-guard", warning, tsql, always, "CREATE, ALTER or DROP without IF [NOT] EXISTS",
     "The file fails when it runs a second time.",
     "IF NOT EXISTS (SELECT 1 FROM sys.tables …) BEGIN … END, or DROP … IF EXISTS", ""},
    {"tsql-go", warning, tsql, always, "a batch that GO does not separate as it should",
     "CREATE VIEW, PROCEDURE, FUNCTION, TRIGGER and SCHEMA must be alone in their batch; GO alone on its "
     "line.",
     "a line GO before it", ""},
    {"tsql-bit-default", warning, tsql, always, "BIT without a default",
     "House style: an INSERT that leaves it out means no.", "BIT NOT NULL DEFAULT 0", ""},
    {"tsql-national-literal", warning, tsql, always, "'…' with letters outside of ASCII, without N",
     "They become question marks in the database's code page.", "N'…'", ""},
    {"tsql-unterminated", error, tsql, always, "a string, bracket or comment that does not end",
     "The rest of the file is part of it.", "close it", ""},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> subjects{{
    {"require-concurrent-index-creation", "Indexes on tables that hold rows"},
    {"adding-foreign-key-constraint", "Constraints on tables that hold rows"},
    {"adding-required-field", "Columns of tables that hold rows"},
    {"ban-drop-column", "What cannot be taken back"},
    {"backfill-with-schema-change", "Locks and transactions"},
    {"prefer-bigint-over-int", "Types and columns"},
    {"identifier-too-long", "Names, by the set's settings"},
    {"unqualified-tenant-object", "One database, many tenants"},
    {"parent-after-child", "The files of a set together"},
    {"seed-without-on-conflict", "Seeds, and taking back"},
    {"syntax-error", "Reading the text"},
    {"allow-without-reason", "The comments that allow"},
    {"tsql-brackets", "Profile tsql"},
}};

}  // namespace

std::string_view to_string(Severity severity) {
  return severity == error ? "error" : severity == warning ? "warning" : "info";
}

std::vector<Rule> const& rules() { return table; }

Rule const* find_rule(std::string_view id) {
  for (Rule const& rule : table)
    if (rule.id == id) return &rule;
  return nullptr;
}

std::vector<std::string> rule_ids() {
  std::vector<std::string> ids;
  for (Rule const& rule : table) ids.emplace_back(rule.id);
  return ids;
}

std::string rules_text() {
  std::string text;
  for (Rule const& rule : table) {
    for (auto const& [first, title] : subjects)
      if (rule.id == first) text += "\n" + std::string{title} + "\n";
    std::string line = "  " + std::string{rule.id};
    line.resize(std::max<std::size_t>(line.size() + 1, 48), ' ');
    line += std::string{to_string(rule.severity)};
    line.resize(57, ' ');
    text += line + std::string{rule.brief} + (rule.when == asked ? " (only when enabled)" : "") + "\n";
  }
  return text;
}

std::string rule_text(Rule const& rule) {
  std::string text = std::string{rule.id} + " (" + std::string{to_string(rule.severity)} +
                     (rule.profile == tsql ? ", profile tsql" : "") +
                     (rule.when == asked ? ", only when enabled" : "") + ")\n\n  finds   " +
                     std::string{rule.brief} + "\n  why     " + std::string{rule.why} + "\n  right   " +
                     std::string{rule.fix} + "\n";
  if (!rule.peers.empty()) text += "  peers   " + std::string{rule.peers} + "\n";
  if (rule.profile != comments)
    text += "  allow   -- tenantsh: allow " + std::string{rule.id} + " the reason [until 2027-01-31]\n";
  return text;
}

}  // namespace migrations
