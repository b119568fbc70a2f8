create table rcm_master.payer_filing_limit (
    payer_code    text     not null,
    vertical_code text     not null,
    claim_days    smallint not null,
    corrected_days smallint not null,
    appeal_days   smallint not null,
    constraint pk_payer_filing_limit primary key (payer_code, vertical_code),
    constraint fk_payer_filing_limit_payer foreign key (payer_code) references rcm_master.payer (code) on delete cascade,
    constraint fk_payer_filing_limit_vertical foreign key (vertical_code) references rcm_master.vertical (code),
    constraint ck_payer_filing_limit_days check (claim_days > 0 and corrected_days >= claim_days and appeal_days > 0)
);
create index idx_payer_filing_limit_vertical_code on rcm_master.payer_filing_limit (vertical_code);
comment on table rcm_master.payer_filing_limit is 'Days from the service to a first claim and a corrected one, and from a denial to an appeal.';
