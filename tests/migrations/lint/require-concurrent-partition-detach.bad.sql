alter table claims.claim detach partition claims.claim_2019;
