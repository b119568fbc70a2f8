-- tenantsh: seed

alter table claims.status add column sort int;
