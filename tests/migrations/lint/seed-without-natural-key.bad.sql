-- tenantsh: seed

insert into claims.status (code) values ('new') on conflict do nothing;
