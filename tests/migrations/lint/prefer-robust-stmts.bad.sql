-- tenantsh: no-transaction
create table claims.note (id bigint primary key);
create index concurrently idx_claim_status on claims.claim (status);
