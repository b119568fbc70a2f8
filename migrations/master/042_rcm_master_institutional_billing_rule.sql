create table rcm_master.institutional_billing_rule (
    code              text     not null,
    type_of_bill_code text     not null,
    revenue_code      text,
    condition_code    text,
    occurrence_code   text,
    value_code        text,
    requirement       text     not null,
    message           text     not null,
    precedence        smallint not null,
    constraint pk_institutional_billing_rule primary key (code),
    constraint fk_institutional_billing_rule_type_of_bill foreign key (type_of_bill_code)
        references rcm_master.type_of_bill (code),
    constraint fk_institutional_billing_rule_revenue foreign key (revenue_code) references rcm_master.revenue_code (code),
    constraint fk_institutional_billing_rule_condition foreign key (condition_code)
        references rcm_master.condition_code (code),
    constraint fk_institutional_billing_rule_occurrence foreign key (occurrence_code)
        references rcm_master.occurrence_code (code),
    constraint fk_institutional_billing_rule_value foreign key (value_code) references rcm_master.value_code (code),
    constraint ck_institutional_billing_rule_requirement check (requirement in ('required', 'forbidden', 'warning')),
    constraint ck_institutional_billing_rule_subject
        check (num_nonnulls(revenue_code, condition_code, occurrence_code, value_code) >= 1)
);
create index idx_institutional_billing_rule_type_of_bill_code on rcm_master.institutional_billing_rule (type_of_bill_code);
create index idx_institutional_billing_rule_revenue_code on rcm_master.institutional_billing_rule (revenue_code);
create index idx_institutional_billing_rule_condition_code on rcm_master.institutional_billing_rule (condition_code);
create index idx_institutional_billing_rule_occurrence_code on rcm_master.institutional_billing_rule (occurrence_code);
create index idx_institutional_billing_rule_value_code on rcm_master.institutional_billing_rule (value_code);
comment on table rcm_master.institutional_billing_rule is 'What a type of bill must, may not or should rather not carry.';
