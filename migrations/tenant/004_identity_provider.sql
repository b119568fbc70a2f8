create table identity.provider (
    npi         text not null,
    location_id uuid not null,
    family_name text not null,
    given_name  text not null,
    credential  text not null,
    vertical    text not null,
    hired_on    date not null,
    left_on     date,
    constraint pk_provider primary key (npi),
    constraint fk_provider_location foreign key (location_id) references identity.location (id),
    constraint ck_provider_npi check (npi ~ '^[12][0-9]{9}$'),
    constraint ck_provider_vertical check (vertical in ('professional', 'institutional', 'dental', 'behavioral_health',
                                                       'dme', 'home_health', 'transport')),
    constraint ck_provider_dates check (left_on >= hired_on)
);
create index idx_provider_location_id on identity.provider (location_id);
create index idx_provider_name on identity.provider (family_name, given_name);
comment on table identity.provider is 'Who gives care, by national provider identifier.';
