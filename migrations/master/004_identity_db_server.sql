create table identity.db_server (
    id               uuid    not null default gen_random_uuid(),
    name             text    not null,
    region           text    not null,
    host             text    not null,
    port             integer not null default 5432,
    admin_user       text    not null,
    admin_secret_ref text    not null,
    status           text    not null default 'active',
    capacity_tenants integer not null default 100,
    constraint pk_db_server primary key (id),
    constraint uq_db_server_name unique (name),
    constraint ck_db_server_name check (name ~ '^[a-z][a-z0-9-]*$'),
    constraint ck_db_server_host check (host <> ''),
    constraint ck_db_server_port check (port between 1 and 65535),
    constraint ck_db_server_status check (status in ('active', 'draining', 'inactive')),
    constraint ck_db_server_capacity check (capacity_tenants >= 0)
);
comment on table identity.db_server is 'A PostgreSQL instance that holds tenants.';
comment on column identity.db_server.host is 'A host name, an address, or the directory of a unix socket.';
comment on column identity.db_server.admin_secret_ref is 'A reference (env:, file:, exec:, azure:, prompt:), never the secret.';
comment on column identity.db_server.status is 'draining keeps its tenants and takes no new ones.';
