create table identity.tenant_audit (
    id          bigint      generated always as identity,
    at          timestamptz not null default clock_timestamp(),
    tenant_id   uuid,
    object      text        not null,
    action      text        not null,
    before      jsonb,
    after       jsonb,
    actor       text        not null default session_user,
    db_role     text        not null default current_user,
    client_host text                 default host(inet_client_addr()),
    reason      text,
    run_id      text,
    constraint pk_tenant_audit primary key (id)
);
create index idx_tenant_audit_tenant_id_at on identity.tenant_audit (tenant_id, at);
create index idx_tenant_audit_at on identity.tenant_audit (at);
create index idx_tenant_audit_run_id on identity.tenant_audit (run_id) where run_id is not null;

create function identity.refuse_audit_change() returns trigger
language plpgsql as $$
begin
    raise exception 'identity.tenant_audit is append-only: % refused', lower(tg_op)
        using errcode = 'insufficient_privilege', hint = 'Write a correcting row instead.';
end
$$;

create trigger refuse_change before update or delete on identity.tenant_audit
    for each row execute function identity.refuse_audit_change();
create trigger refuse_truncate before truncate on identity.tenant_audit
    for each statement execute function identity.refuse_audit_change();

comment on table identity.tenant_audit is 'Who did what to which object, from where, why, in which run. Append-only.';
comment on column identity.tenant_audit.tenant_id is
    'Not a foreign key: what was done to a tenant outlives the row of one whose provisioning was undone.';
