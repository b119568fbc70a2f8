-- tenantsh: seed

create temporary table wanted (code text);
