alter table claims.claim add constraint uq_claim_number unique (number);
