create table reference.place_of_service (
    code          text    not null,
    name          text    not null,
    is_facility   boolean not null,
    is_telehealth boolean not null default false,
    constraint pk_place_of_service primary key (code),
    constraint ck_place_of_service_code check (code ~ '^[0-9]{2}$')
);
comment on table reference.place_of_service is 'CMS place of service codes.';
comment on column reference.place_of_service.is_facility is 'Paid at the facility rate: the building is paid separately.';
