#!/usr/bin/env bash
# A tenant that is one schema of a shared database moves to its restored copy and back, beside a neighbour that works on.
. "$(dirname "$0")/../support/sandbox.sh"

printf '[environment.sandbox.application]\ncache_lifetime = "0s"\n' >tenantsh.toml
tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
registry() { superuser master master "$1"; }
superuser pg-1 postgres "create role shop_owner nologin" >/dev/null
superuser pg-1 postgres "grant shop_owner to tenantsh_admin" >/dev/null
superuser pg-1 postgres "create database shop owner shop_owner" >/dev/null
for slug in acme beta; do
    superuser pg-1 shop "create role ${slug}_app login password 'secret-$slug'; create schema $slug authorization shop_owner; set role shop_owner;
        create table $slug.note (id int generated always as identity primary key, text text);
        insert into $slug.note (text) select 'n' || i from generate_series(1, 20) i;
        grant usage on schema $slug to ${slug}_app; grant select, insert on $slug.note to ${slug}_app" >/dev/null
    (umask 077; echo "host=$sockets port=5501 dbname=shop user=${slug}_app password=secret-$slug options=-csearch_path=$slug" >$slug.dsn)
    registry "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, schema_name, db_config_ref)
              select '$slug', initcap('$slug'), 'active', id, 'schema', 'shop', '$slug', 'file:$work/$slug.dsn' from identity.db_server" >/dev/null
done
writes() { psql -XqAt "$(cat "$1")" -c "insert into note (text) values ('w') returning current_schema()" 2>&1; }
where_is() { registry "select schema_name || ' ' || status from identity.tenant where slug = '$1'"; }

expect "a backup" 0 tenantsh -e 'tenants.acme:dump{ structure = {} }.path' --yes
expect "a copy beside" 0 tenantsh run tenant_restore --input tenant=acme --input path="$(find "$TENANTSH_HOME/backups" -name 'acme-*.dump')" --input 'tables=*' --yes
copy=$(registry "select slug from identity.tenant where labels ->> 'sibling_of' = 'acme'") schema=$(registry "select schema_name from identity.tenant where labels ->> 'sibling_of' = 'acme'")
cutover() { tenantsh run tenant_cutover --input tenant=acme --input sibling="$1" --input 'tables=*' --confirm acme --yes "${@:2}"; }
expect "which schema only its connection string says" 1 cutover "$copy"
has "it asks for one" "$output" "says which schema: name the secret that holds it"
(umask 077; sed "s/csearch_path=acme/csearch_path=$schema/" acme.dsn >copy.dsn)
expect "the copy becomes the tenant" 0 cutover "$copy" --input db_config_ref="file:$work/copy.dsn"
same "in the copy's schema" "$schema active" "$(where_is acme)"
former=$(registry "select slug from identity.tenant where labels ? 'replaced_at'")
same "the former schema is closed" "acme suspended" "$(where_is "$former")"
same "the application writes there" "$schema" "$(writes copy.dsn)"
check "and not in the former one" "$([ "$(writes acme.dsn)" != acme ] || echo it wrote)"
same "the neighbour works on" beta "$(writes beta.dsn)"
expect "back" 0 cutover "$former" --input drift=any
same "where it was" "acme active" "$(where_is acme)"
same "the application writes again" acme "$(writes acme.dsn)"
check "and not in the copy" "$([ "$(writes copy.dsn)" != "$schema" ] || echo it wrote)"
finish
