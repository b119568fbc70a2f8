create table reference.adjustment_group (
    code            text    not null,
    name            text    not null,
    patient_is_owed boolean not null,
    constraint pk_adjustment_group primary key (code),
    constraint ck_adjustment_group_code check (code ~ '^[A-Z]{2}$')
);
comment on table reference.adjustment_group is 'Who bears an adjusted amount.';
comment on column reference.adjustment_group.patient_is_owed is 'The patient may be billed for it.';

create table reference.adjustment_reason (
    code             text    not null,
    wording          text    not null,
    usual_group_code text    not null,
    is_denial        boolean not null,
    constraint pk_adjustment_reason primary key (code),
    constraint fk_adjustment_reason_group foreign key (usual_group_code) references reference.adjustment_group (code),
    constraint ck_adjustment_reason_code check (code ~ '^[A-Z]?[0-9]{1,3}$')
);
create index idx_adjustment_reason_usual_group_code on reference.adjustment_reason (usual_group_code);
comment on table reference.adjustment_reason is 'Claim adjustment reason codes (CARC), worded by us.';
