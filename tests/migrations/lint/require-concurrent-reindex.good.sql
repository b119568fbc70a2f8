-- tenantsh: no-transaction
reindex table concurrently claims.claim;
