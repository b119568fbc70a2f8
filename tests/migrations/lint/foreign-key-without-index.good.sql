-- file: 001_line.sql
create table claims.line (id bigint primary key, claim_id bigint references claims.claim (id));
-- file: 002_index.sql
-- tenantsh: no-transaction
create index concurrently idx_line_claim_id on claims.line (claim_id, id);
