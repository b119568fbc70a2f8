alter table claims.claim validate constraint ck_claim_total;
