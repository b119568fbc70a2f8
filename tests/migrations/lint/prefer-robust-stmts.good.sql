-- tenantsh: no-transaction
create table if not exists claims.note (id bigint primary key);
create index concurrently idx_claim_status on claims.claim (status);
