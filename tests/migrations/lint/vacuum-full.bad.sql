-- tenantsh: no-transaction
vacuum full claims.claim;
