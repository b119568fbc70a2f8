-- case: schema
-- tenantsh: no-transaction
create index concurrently idx_claim_status on {schema_name}.claim (status);
