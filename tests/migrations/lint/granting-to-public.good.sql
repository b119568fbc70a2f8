grant select on claims.claim to claims_reader;
