create table claims.status (
    code        text     not null,
    name        text     not null,
    position    smallint not null,
    is_open     boolean  not null,
    constraint pk_status primary key (code),
    constraint uq_status_position unique (position)
);
comment on table claims.status is 'Stations of a claim, in the order of their usual sequence.';
