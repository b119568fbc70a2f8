alter table claims.claim rename to claim_header;
