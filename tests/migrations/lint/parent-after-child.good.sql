-- file: 001_claim.sql
create table claims.claim (id bigint primary key);
-- file: 002_line.sql
create table claims.line (id bigint primary key, claim_id bigint references claims.claim (id));
create index idx_line_claim_id on claims.line (claim_id);
