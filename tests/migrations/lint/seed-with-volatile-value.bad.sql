-- tenantsh: seed

insert into claims.status (code, at) values ('new', now()) on conflict (code) do nothing;
