create table reference.modifier_kind (
    code          text    not null,
    name          text    not null,
    changes_price boolean not null,
    constraint pk_modifier_kind primary key (code)
);
comment on table reference.modifier_kind is 'Why a modifier is there; those that change the price go first on a line.';

create table reference.modifier (
    code      text not null,
    kind_code text not null,
    name      text not null,
    constraint pk_modifier primary key (code),
    constraint fk_modifier_kind foreign key (kind_code) references reference.modifier_kind (code),
    -- Two digits would be a CPT modifier.
    constraint ck_modifier_code check (code ~ '^[A-Z][A-Z0-9]$')
);
create index idx_modifier_kind_code on reference.modifier (kind_code);
comment on table reference.modifier is 'HCPCS level II modifiers.';
