create table reference.unit_of_measure (
    code    text     not null,
    name    text     not null,
    minutes smallint,
    constraint pk_unit_of_measure primary key (code),
    constraint ck_unit_of_measure_minutes check (minutes > 0)
);
comment on table reference.unit_of_measure is 'What one billed unit is.';
comment on column reference.unit_of_measure.minutes is 'Length of a unit of time; null for things that are counted.';
