create table reference.timezone (
    name                    text     not null,
    label                   text     not null,
    standard_offset_minutes smallint not null,
    observes_daylight_time  boolean  not null,
    constraint pk_timezone primary key (name),
    constraint uq_timezone_label unique (label),
    constraint ck_timezone_offset check (standard_offset_minutes between -840 and 840)
);
comment on table reference.timezone is 'Time zones offered to tenants, by their IANA name.';

create table reference.state (
    code          text    not null,
    country_code  text    not null,
    name          text    not null,
    fips_code     text    not null,
    timezone_name text    not null,
    is_territory  boolean not null default false,
    constraint pk_state primary key (code),
    constraint uq_state_fips_code unique (fips_code),
    constraint fk_state_country foreign key (country_code) references reference.country (code),
    constraint fk_state_timezone foreign key (timezone_name) references reference.timezone (name),
    constraint ck_state_code check (code ~ '^[A-Z]{2}$'),
    constraint ck_state_fips_code check (fips_code ~ '^[0-9]{2}$')
);
create index idx_state_country_code on reference.state (country_code);
create index idx_state_timezone_name on reference.state (timezone_name);
comment on table reference.state is 'States, the federal district and territories.';
comment on column reference.state.timezone_name is 'Where most of its people live; several states have two.';
