create table rcm_master.payer_identifier_kind (
    code        text not null,
    name        text not null,
    used_on     text not null,
    constraint pk_payer_identifier_kind primary key (code)
);
comment on table rcm_master.payer_identifier_kind is 'What a payer identifier is for.';

create table rcm_master.payer_identifier (
    payer_code text not null,
    kind_code  text not null,
    identifier text not null,
    constraint pk_payer_identifier primary key (payer_code, kind_code),
    constraint fk_payer_identifier_payer foreign key (payer_code) references rcm_master.payer (code) on delete cascade,
    constraint fk_payer_identifier_kind foreign key (kind_code) references rcm_master.payer_identifier_kind (code),
    constraint ck_payer_identifier_identifier check (identifier ~ '^[A-Z0-9]{2,20}$')
);
create index idx_payer_identifier_kind_code on rcm_master.payer_identifier (kind_code, identifier);
comment on table rcm_master.payer_identifier is 'How a payer is addressed on each transaction.';
