alter table claims.claim add column vertical text;
create index idx_claim_vertical on claims.claim (vertical);
