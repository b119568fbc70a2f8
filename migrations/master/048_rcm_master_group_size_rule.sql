create table rcm_master.medicare_entitlement (
    code  text not null,
    name  text not null,
    basis text not null,
    constraint pk_medicare_entitlement primary key (code)
);
comment on table rcm_master.medicare_entitlement is 'Why a person has Medicare.';

create table rcm_master.group_size_rule (
    code                  text     not null,
    entitlement_code      text     not null,
    minimum_employees     integer  not null,
    maximum_employees     integer,
    multi_employer_counts boolean  not null,
    group_plan_pays       text     not null,
    coordination_months   smallint,
    citation              text     not null,
    constraint pk_group_size_rule primary key (code),
    constraint fk_group_size_rule_entitlement foreign key (entitlement_code)
        references rcm_master.medicare_entitlement (code),
    constraint ck_group_size_rule_employees check (maximum_employees >= minimum_employees),
    constraint ck_group_size_rule_group_plan_pays check (group_plan_pays in ('first', 'second')),
    constraint ck_group_size_rule_coordination_months check (coordination_months > 0)
);
create index idx_group_size_rule_entitlement_code on rcm_master.group_size_rule (entitlement_code);
comment on table rcm_master.group_size_rule is 'Medicare secondary payer: employer size decides whether the group plan pays first.';
comment on column rcm_master.group_size_rule.multi_employer_counts is
    'In a plan of several employers it is enough that one of them reaches the size.';
