create table claims.claim (
    id               uuid           not null default gen_random_uuid(),
    claim_number     text           not null,
    member_id        uuid           not null,
    coverage_id      uuid           not null,
    provider_npi     text           not null,
    location_id      uuid           not null,
    claim_form       text           not null default '837P',
    type_of_bill     text,
    service_from     date           not null,
    service_to       date           not null,
    status_code      text           not null default 'draft',
    total_charge     numeric(12, 2) not null default 0,
    original_claim_id uuid,
    submitted_at     timestamptz,
    created_at       timestamptz    not null default now(),
    updated_at       timestamptz    not null default now(),
    constraint pk_claim primary key (id),
    constraint uq_claim_number unique (claim_number),
    constraint fk_claim_member foreign key (member_id) references members.member (id),
    constraint fk_claim_coverage foreign key (coverage_id) references members.coverage (id),
    constraint fk_claim_provider foreign key (provider_npi) references identity.provider (npi),
    constraint fk_claim_location foreign key (location_id) references identity.location (id),
    constraint fk_claim_status foreign key (status_code) references claims.status (code),
    constraint fk_claim_original foreign key (original_claim_id) references claims.claim (id),
    constraint ck_claim_form check (claim_form in ('837P', '837I', '837D')),
    constraint ck_claim_type_of_bill check ((claim_form = '837I') = (type_of_bill is not null)),
    constraint ck_claim_dates check (service_to >= service_from),
    constraint ck_claim_total_charge check (total_charge >= 0),
    constraint ck_claim_original check (original_claim_id <> id)
);
create index idx_claim_member_id on claims.claim (member_id, service_from);
create index idx_claim_coverage_id on claims.claim (coverage_id);
create index idx_claim_provider_npi on claims.claim (provider_npi);
create index idx_claim_location_id on claims.claim (location_id);
create index idx_claim_status_code on claims.claim (status_code);
create index idx_claim_original_claim_id on claims.claim (original_claim_id) where original_claim_id is not null;
comment on table claims.claim is 'One bill to one payer.';
comment on column claims.claim.original_claim_id is 'The claim that this one replaces.';
