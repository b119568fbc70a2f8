create table remits.remit_claim (
    id                     bigint         generated always as identity,
    remittance_id          uuid           not null,
    claim_id               uuid           not null,
    payer_control_number   text           not null,
    decision               text           not null,
    charged                numeric(12, 2) not null,
    paid                   numeric(12, 2) not null,
    patient_responsibility numeric(12, 2) not null default 0,
    constraint pk_remit_claim primary key (id),
    constraint uq_remit_claim_control_number unique (remittance_id, payer_control_number),
    constraint fk_remit_claim_remittance foreign key (remittance_id) references remits.remittance (id) on delete cascade,
    constraint fk_remit_claim_claim foreign key (claim_id) references claims.claim (id),
    constraint ck_remit_claim_decision check (decision in ('paid', 'denied', 'reversed')),
    constraint ck_remit_claim_patient check (patient_responsibility >= 0)
);
create index idx_remit_claim_claim_id on remits.remit_claim (claim_id);
comment on table remits.remit_claim is 'What a remittance says about one claim.';
