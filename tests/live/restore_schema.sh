#!/usr/bin/env bash
# A tenant that is one schema of a shared database: restored beside itself under another name, with what it refers to.
. "$(dirname "$0")/../support/sandbox.sh"

# sql MEMBER DATABASE SQL…: each by itself.
sql() {
    local member=$1 database=$2 each
    shift 2
    for each in "$@"; do superuser "$member" "$database" "$each" || return; done
}

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
sql pg-1 postgres "create role shop_owner nologin" "create role shop_app nologin" "grant shop_owner to tenantsh_admin" \
    "create database shop owner shop_owner"
sql pg-1 shop "create extension citext" "grant select on all tables in schema public to tenantsh_admin" "set role shop_owner;
    create schema platform; create table platform.currency (code text primary key); insert into platform.currency values ('EUR'), ('USD');
    create function platform.one() returns int language sql as 'select 1'"
for schema in acme beta; do
    sql pg-1 shop "set role shop_owner; create schema $schema;
        create table $schema.customer (id int generated always as identity primary key, email public.citext unique, currency text references platform.currency, n int default platform.one());
        create table $schema.invoice (id int primary key, customer_id int references $schema.customer, paid boolean);
        create view $schema.unpaid as select * from $schema.invoice where not paid;
        create function $schema.customers() returns bigint language plpgsql as 'begin return (select count(*) from $schema.customer); end';
        grant usage on schema $schema to shop_app; grant select, insert on $schema.customer to shop_app;
        insert into $schema.customer (email, currency) select 'c' || i || '@example.net', 'EUR' from generate_series(1, 50) i;
        insert into $schema.invoice select i, i, i % 2 = 0 from generate_series(1, 50) i"
    sql master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, schema_name, db_config_ref) select '$schema', initcap('$schema'), 'active', id, 'schema', 'shop', '$schema', 'env:NOWHERE' from identity.db_server"
done
expect "a backup of one schema" 0 tenantsh -e 'tenants.acme:dump{ structure = {} }.path' --yes
archive=$(find "$TENANTSH_HOME/backups" -name 'acme-*.dump')
sibling=acme-restore-$(basename "$archive" | sed 's/acme-\(........\)T\(....\).*/\1t\2z/')
schema=${sibling//-/_}
shape() {
    PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") pg_dump -h "$sockets" -p 5501 -U postgres --restrict-key=x -n "$1" shop |
        sed "s/$1/SCHEMA/g" | grep -v '^COMMENT ON SCHEMA\|^--\|^$'
}
databases=$(sql pg-1 postgres "select datname from pg_database order by 1")
sql pg-1 shop "insert into acme.invoice values (51, 1, false)"
expect "it is restored beside" 0 tenantsh run tenant_restore --input tenant=acme --input path="$archive" --input 'tables=*' --yes --until compare
has "the drift is told" "$output" "acme.invoice: restored 50, live 51"
has "what still names the live schema is told" "$output" "customers() names schema acme"
sql pg-1 shop "delete from acme.invoice where id = 51"
same "its own schema and nothing else" "$(shape acme | grep -v 'FROM acme\|from acme' | sort)" "$(shape "$schema" | sed 's/from acme\.customer/from SCHEMA.customer/' | sort)"
expect "and closed to writers" 0 tenantsh runs resume "$(last_run)" --yes
same "in the registry" "read_only|schema|shop|$schema" "$(sql master master "select status, placement, database_name, schema_name from identity.tenant where slug = '$sibling'")"
same "no scratch database is left" "$databases" "$(sql pg-1 postgres "select datname from pg_database order by 1")"
has "the line that opens it names the schema" "$output" "options=-csearch_path=$schema"
same "the others are as they were" 50 "$(sql pg-1 shop "select count(*) from beta.invoice")"
sql pg-1 shop "create schema taken"
expect "undone" 0 tenantsh runs undo "$(last_run)" --yes
same "the schema is gone" 0 "$(sql pg-1 shop "select count(*) from pg_namespace where nspname like 'acme_restore%'")"
sql pg-1 shop "create schema $schema" "create table $schema.ours (id int)"
expect "a filled schema is refused" 1 tenantsh run tenant_restore --input tenant=acme --input path="$archive" --yes
has "with what is in it" "$output" "schema $schema is there and no restore made it; in it: 1 table ($schema.ours)"
sql pg-1 shop "drop schema $schema cascade"
finish
