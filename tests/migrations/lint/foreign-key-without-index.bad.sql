create table claims.line (id bigint primary key, claim_id bigint references claims.claim (id));
