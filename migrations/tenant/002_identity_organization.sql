create table identity.organization (
    id             uuid        not null default gen_random_uuid(),
    slug           text        not null,
    display_name   text        not null,
    legal_name     text,
    npi            text,
    tax_identifier text,
    timezone       text        not null default 'America/New_York',
    is_active      boolean     not null default true,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint pk_organization primary key (id),
    constraint uq_organization_slug unique (slug),
    constraint ck_organization_slug check (slug ~ '^[a-z][a-z0-9-]{0,37}$'),
    constraint ck_organization_npi check (npi ~ '^[12][0-9]{9}$'),
    constraint ck_organization_tax_identifier check (tax_identifier ~ '^[0-9]{2}-[0-9]{7}$')
);

create function identity.set_updated_at() returns trigger
language plpgsql as $body$
begin
    if new is distinct from old then
        new.updated_at := now();
    end if;
    return new;
end
$body$;
comment on function identity.set_updated_at() is 'Before-update trigger; a write that changes nothing leaves no trace.';

create trigger set_updated_at before update on identity.organization
    for each row execute function identity.set_updated_at();
comment on table identity.organization is 'The tenant itself: one row in most tenants, one per legal entity in some.';
comment on column identity.organization.slug is 'Slug of the tenant as the control plane knows it.';
