create table claims.claim_diagnosis (
    claim_id       uuid     not null,
    position       smallint not null,
    diagnosis_code text     not null,
    constraint pk_claim_diagnosis primary key (claim_id, position),
    constraint uq_claim_diagnosis_code unique (claim_id, diagnosis_code),
    constraint fk_claim_diagnosis_claim foreign key (claim_id) references claims.claim (id) on delete cascade,
    constraint ck_claim_diagnosis_position check (position between 1 and 12),
    constraint ck_claim_diagnosis_code check (diagnosis_code ~ '^[A-Z][0-9][0-9A-Z]([.][0-9A-Z]{1,4})?$')
);
comment on table claims.claim_diagnosis is 'Why it was done; position 1 is the principal diagnosis.';
