create table rcm_master.payer_type (
    code          text     not null,
    name          text     not null,
    is_government boolean  not null,
    payment_rank  smallint not null,
    constraint pk_payer_type primary key (code),
    constraint ck_payer_type_payment_rank check (payment_rank between 1 and 9)
);
comment on table rcm_master.payer_type is 'Kinds of payer.';
comment on column rcm_master.payer_type.payment_rank is 'Usual place in the order of payment when no rule says otherwise; 9 pays last.';

create table rcm_master.payer (
    code              text        not null,
    name              text        not null,
    payer_type_code   text        not null,
    parent_code       text,
    state_code        text,
    takes_electronic  boolean     not null default true,
    is_active         boolean     not null default true,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    constraint pk_payer primary key (code),
    constraint uq_payer_name unique (name),
    constraint fk_payer_type foreign key (payer_type_code) references rcm_master.payer_type (code),
    constraint fk_payer_parent foreign key (parent_code) references rcm_master.payer (code),
    constraint fk_payer_state foreign key (state_code) references reference.state (code),
    constraint ck_payer_code check (code ~ '^[A-Z][A-Z0-9_]{2,29}$'),
    constraint ck_payer_parent check (parent_code <> code)
);
create index idx_payer_payer_type_code on rcm_master.payer (payer_type_code);
create index idx_payer_parent_code on rcm_master.payer (parent_code);
create index idx_payer_state_code on rcm_master.payer (state_code);
create trigger touch_payer before update on rcm_master.payer
    for each row execute function identity.touch_updated_at();
comment on table rcm_master.payer is 'Payer registry. Tenants refer to a payer by its code.';
comment on column rcm_master.payer.state_code is 'Set where the payer operates in one state only.';
