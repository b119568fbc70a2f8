grant select on claims.claim to public;
