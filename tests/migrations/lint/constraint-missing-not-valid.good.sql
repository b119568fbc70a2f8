alter table claims.claim add constraint ck_claim_total check (total >= 0) not valid;
