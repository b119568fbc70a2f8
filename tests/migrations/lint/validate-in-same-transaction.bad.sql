alter table claims.claim add constraint ck_claim_total check (total >= 0) not valid;
alter table claims.claim validate constraint ck_claim_total;
