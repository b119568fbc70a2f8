create table rcm_master.plan_type (
    code                  text    not null,
    name                  text    not null,
    needs_referral        boolean not null,
    pays_out_of_network   boolean not null,
    constraint pk_plan_type primary key (code)
);
comment on table rcm_master.plan_type is 'Benefit designs.';

create table rcm_master.payer_plan (
    payer_code     text not null,
    plan_code      text not null,
    name           text not null,
    plan_type_code text not null,
    constraint pk_payer_plan primary key (payer_code, plan_code),
    constraint fk_payer_plan_payer foreign key (payer_code) references rcm_master.payer (code) on delete cascade,
    constraint fk_payer_plan_type foreign key (plan_type_code) references rcm_master.plan_type (code)
);
create index idx_payer_plan_plan_type_code on rcm_master.payer_plan (plan_type_code);
comment on table rcm_master.payer_plan is 'Plans that a payer sells, as far as billing tells them apart.';
