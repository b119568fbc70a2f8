-- tenantsh: seed

insert into claims.status (code, at) values ('new', '2026-01-01') on conflict (code) do nothing;
