-- tenantsh: no-transaction
vacuum claims.claim;
