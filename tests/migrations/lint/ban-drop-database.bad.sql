-- tenantsh: no-transaction
drop database if exists tenant_acme;
