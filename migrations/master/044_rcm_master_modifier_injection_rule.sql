create table rcm_master.modifier_injection_rule (
    code                  text     not null,
    vertical              text     not null,
    service_line_code     text,
    payer_type_code       text,
    payer_code            text,
    place_of_service_code text,
    modifier_code         text     not null,
    line_position         smallint not null default 1,
    precedence            smallint not null,
    rationale             text     not null,
    effective_from        date     not null,
    effective_to          date,
    constraint pk_modifier_injection_rule primary key (code),
    constraint fk_modifier_injection_rule_vertical foreign key (vertical) references rcm_master.vertical (code),
    constraint fk_modifier_injection_rule_service_line foreign key (vertical, service_line_code)
        references rcm_master.procedure_service_line (vertical, code),
    constraint fk_modifier_injection_rule_payer_type foreign key (payer_type_code)
        references rcm_master.payer_type (code),
    constraint fk_modifier_injection_rule_payer foreign key (payer_code) references rcm_master.payer (code),
    constraint fk_modifier_injection_rule_place foreign key (place_of_service_code)
        references reference.place_of_service (code),
    constraint fk_modifier_injection_rule_modifier foreign key (modifier_code) references reference.modifier (code),
    constraint ck_modifier_injection_rule_position check (line_position between 1 and 4),
    constraint ck_modifier_injection_rule_dates check (effective_to >= effective_from)
);
create index idx_modifier_injection_rule_service_line on rcm_master.modifier_injection_rule (vertical, service_line_code);
create index idx_modifier_injection_rule_payer_type_code on rcm_master.modifier_injection_rule (payer_type_code);
create index idx_modifier_injection_rule_payer_code on rcm_master.modifier_injection_rule (payer_code);
create index idx_modifier_injection_rule_place_of_service_code on rcm_master.modifier_injection_rule (place_of_service_code);
create index idx_modifier_injection_rule_modifier_code on rcm_master.modifier_injection_rule (modifier_code);
comment on table rcm_master.modifier_injection_rule is
    'Modifiers that a claim line gets by itself. A null condition matches everything; lower precedence is tried first.';
