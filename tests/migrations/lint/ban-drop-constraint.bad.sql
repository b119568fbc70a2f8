alter table claims.claim drop constraint if exists ck_claim_total;
