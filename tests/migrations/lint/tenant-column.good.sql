-- case: tenant_column=tenant_app_id
create table claims.note (id bigint primary key, tenant_app_id bigint not null);
create index idx_note_tenant_app_id on claims.note (tenant_app_id);
