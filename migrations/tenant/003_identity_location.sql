create table identity.location (
    id                    uuid    not null default gen_random_uuid(),
    organization_id       uuid    not null,
    code                  text    not null,
    name                  text    not null,
    place_of_service_code text    not null default '11',
    line1                 text    not null,
    city                  text    not null,
    state_code            text    not null,
    postal_code           text    not null,
    is_active             boolean not null default true,
    constraint pk_location primary key (id),
    constraint uq_location_code unique (organization_id, code),
    constraint fk_location_organization foreign key (organization_id)
        references identity.organization (id) on delete cascade,
    constraint ck_location_place_of_service check (place_of_service_code ~ '^[0-9]{2}$'),
    constraint ck_location_state check (state_code ~ '^[A-Z]{2}$')
);
comment on table identity.location is 'Where the organization gives care.';
