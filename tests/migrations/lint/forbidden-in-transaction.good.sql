-- tenantsh: no-transaction
vacuum analyze claims.claim;
