create table identity.backup (
    id             uuid        not null default gen_random_uuid(),
    tenant_id      uuid        not null,
    path           text        not null,
    format         text        not null default 'custom',
    mode           text        not null default 'full',
    bytes          bigint,
    sha256         text,
    server_version text,
    taken_at       timestamptz not null default now(),
    verified_at    timestamptz,
    verified_level text,
    run_id         text,
    constraint pk_backup primary key (id),
    constraint uq_backup_path unique (path),
    constraint fk_backup_tenant foreign key (tenant_id) references identity.tenant (id),
    constraint ck_backup_format check (format in ('custom', 'directory')),
    constraint ck_backup_mode check (mode in ('full', 'schema_only', 'data_only')),
    constraint ck_backup_bytes check (bytes >= 0),
    constraint ck_backup_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
    constraint ck_backup_verified check ((verified_at is null) = (verified_level is null))
);
create index idx_backup_tenant_id_taken_at on identity.backup (tenant_id, taken_at desc);
comment on table identity.backup is 'Archives known to exist; retention never removes the last verified one of a tenant.';
