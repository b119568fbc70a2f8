create table identity.tenant (
    id            uuid        not null default gen_random_uuid(),
    slug          text        not null,
    display_name  text        not null,
    status        text        not null default 'provisioning',
    server_id     uuid        not null,
    placement     text        not null default 'database',
    database_name text        not null,
    schema_name   text,
    db_config_ref text,
    labels        jsonb       not null default '{}',
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    constraint pk_tenant primary key (id),
    constraint uq_tenant_slug unique (slug),
    constraint fk_tenant_server foreign key (server_id) references identity.db_server (id),
    constraint ck_tenant_slug check (slug ~ '^[a-z][a-z0-9-]{0,37}$'),
    constraint ck_tenant_display_name check (display_name <> ''),
    constraint ck_tenant_status check (status in ('provisioning', 'active', 'read_only', 'suspended', 'retired')),
    constraint ck_tenant_placement check (placement in ('database', 'schema')),
    constraint ck_tenant_schema_name check ((placement = 'database') = (schema_name is null)),
    constraint ck_tenant_labels check (jsonb_typeof(labels) = 'object'),
    constraint ck_tenant_active_has_config check (status <> 'active' or db_config_ref is not null),
    -- Deferred, so that a cutover can swap the places of two tenants within one transaction.
    constraint ex_tenant_place exclude using btree
        (server_id with =, database_name with =, (coalesce(schema_name, '')) with =)
        where (status <> 'retired') deferrable initially deferred
);
create index idx_tenant_server_id on identity.tenant (server_id);
create index idx_tenant_status on identity.tenant (status);
create index idx_tenant_labels on identity.tenant using gin (labels jsonb_path_ops);

create trigger touch_tenant before update on identity.tenant
    for each row execute function identity.touch_updated_at();

comment on table identity.tenant is 'One row per tenant, restored siblings included; retired rows stay.';
comment on column identity.tenant.db_config_ref is 'Reference to the secret that holds the application''s connection string.';
comment on constraint ex_tenant_place on identity.tenant is 'Two living tenants never share a database (or a schema of one).';
