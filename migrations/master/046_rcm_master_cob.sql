create table rcm_master.cob_method (
    code        text not null,
    name        text not null,
    description text not null,
    constraint pk_cob_method primary key (code)
);
comment on table rcm_master.cob_method is 'How a secondary payer works out what it still pays.';

create table rcm_master.cob_order_rule (
    code              text     not null,
    precedence        smallint not null,
    relationship_code text,
    applies_when      text     not null,
    pays_first        text     not null,
    constraint pk_cob_order_rule primary key (code),
    constraint uq_cob_order_rule_precedence unique (precedence),
    constraint fk_cob_order_rule_relationship foreign key (relationship_code) references reference.relationship (code)
);
create index idx_cob_order_rule_relationship_code on rcm_master.cob_order_rule (relationship_code);
comment on table rcm_master.cob_order_rule is 'Which of two plans pays first; the first rule that applies decides.';

create table rcm_master.cob_payment_rule (
    payer_type_code     text    not null,
    cob_method_code     text    not null,
    needs_primary_remit boolean not null,
    crossover           boolean not null,
    constraint pk_cob_payment_rule primary key (payer_type_code),
    constraint fk_cob_payment_rule_payer_type foreign key (payer_type_code) references rcm_master.payer_type (code),
    constraint fk_cob_payment_rule_method foreign key (cob_method_code) references rcm_master.cob_method (code)
);
create index idx_cob_payment_rule_cob_method_code on rcm_master.cob_payment_rule (cob_method_code);
comment on table rcm_master.cob_payment_rule is 'What each kind of payer does when it is secondary.';
comment on column rcm_master.cob_payment_rule.crossover is 'The primary forwards the claim by itself: do not send a second one.';
