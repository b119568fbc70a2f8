create table members.address (
    member_id   uuid not null,
    kind        text not null default 'home',
    line1       text not null,
    line2       text,
    city        text not null,
    state_code  text not null,
    postal_code text not null,
    constraint pk_address primary key (member_id, kind),
    constraint fk_address_member foreign key (member_id) references members.member (id) on delete cascade,
    constraint ck_address_kind check (kind in ('home', 'mail', 'temporary')),
    constraint ck_address_state check (state_code ~ '^[A-Z]{2}$'),
    constraint ck_address_postal_code check (postal_code ~ '^[0-9]{5}(-[0-9]{4})?$')
);
create index idx_address_postal_code on members.address (postal_code);
comment on table members.address is 'Where members live and where their statements go.';
