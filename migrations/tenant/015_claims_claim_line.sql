create table claims.claim_line (
    claim_id        uuid           not null,
    line_number     smallint       not null,
    service_line    text           not null,
    procedure_code  text,
    revenue_code    text,
    modifiers       text[]         not null default '{}',
    units           numeric(8, 2)  not null default 1,
    unit_charge     numeric(10, 2) not null,
    charge          numeric(12, 2) not null generated always as (units * unit_charge) stored,
    diagnosis_links smallint[]     not null default '{1}',
    constraint pk_claim_line primary key (claim_id, line_number),
    constraint fk_claim_line_claim foreign key (claim_id) references claims.claim (id) on delete cascade,
    constraint ck_claim_line_number check (line_number between 1 and 999),
    constraint ck_claim_line_units check (units > 0),
    constraint ck_claim_line_unit_charge check (unit_charge >= 0),
    constraint ck_claim_line_modifiers check (cardinality(modifiers) <= 4),
    constraint ck_claim_line_code check (num_nonnulls(procedure_code, revenue_code) >= 1)
);
create index idx_claim_line_procedure_code on claims.claim_line (procedure_code);
comment on table claims.claim_line is 'What was done, how often, for how much.';
comment on column claims.claim_line.diagnosis_links is 'Positions in claims.claim_diagnosis that justify the line.';
