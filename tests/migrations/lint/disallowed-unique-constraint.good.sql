alter table claims.claim add constraint uq_claim_number unique using index uq_claim_number;
