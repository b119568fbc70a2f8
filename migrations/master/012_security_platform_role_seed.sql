-- tenantsh: seed
-- fills: security.platform_permission, security.platform_role, security.platform_role_permission
-- What shipped runbooks and screens ask for, and who holds it. Retiring tenants, arming writes and
-- managing people stay with the administrator.

insert into security.platform_permission as target
    (code, description)
values
    ('TENANT.READ',       'See tenants, their placement and status'),
    ('TENANT.PROVISION',  'Create a tenant'),
    ('TENANT.SET_STATUS', 'Make a tenant read-only, suspend it, make it active again'),
    ('TENANT.MOVE',       'Move a tenant to another server'),
    ('TENANT.CUTOVER',    'Make a restored sibling the tenant'),
    ('TENANT.RETIRE',     'Drop a retired tenant after its retention'),
    ('SERVER.READ',       'See servers and their load'),
    ('SERVER.REGISTER',   'Add a server or change its status'),
    ('BACKUP.READ',       'List archives and their proofs'),
    ('BACKUP.TAKE',       'Take an archive of a tenant'),
    ('BACKUP.RESTORE',    'Restore an archive beside a tenant'),
    ('MIGRATION.READ',    'See what is applied and pending'),
    ('MIGRATION.APPLY',   'Apply migrations to master or tenants'),
    ('REFERENCE.EDIT',    'Change reference and payer data'),
    ('QUERY.READ',        'Run read-only queries across tenants'),
    ('QUERY.WRITE',       'Arm the shell for writing'),
    ('AUDIT.READ',        'Read the audit trail'),
    ('USER.READ',         'See platform users and roles'),
    ('USER.MANAGE',       'Create users, grant and revoke roles')
on conflict (code) do update set
    description = excluded.description
where target.description is distinct from excluded.description;

insert into security.platform_role as target
    (code, name, description, is_system)
values
    ('platform_admin',  'Platform administrator', 'Everything, people included',                  true),
    ('fleet_operator',  'Fleet operator',         'Day-to-day work on tenants and servers',       true),
    ('release_manager', 'Release manager',        'Rolls migrations and reference data out',      true),
    ('support_agent',   'Support agent',          'Looks, never changes',                         true),
    ('auditor',         'Auditor',                'Reads the trail, the archives and the people', true)
on conflict (code) do update set
    name = excluded.name,
    description = excluded.description,
    is_system = excluded.is_system
where (target.name, target.description, target.is_system)
    is distinct from (excluded.name, excluded.description, excluded.is_system);

insert into security.platform_role_permission as target
    (role_code, permission_code)
values
    ('platform_admin',  'TENANT.READ'),
    ('platform_admin',  'TENANT.PROVISION'),
    ('platform_admin',  'TENANT.SET_STATUS'),
    ('platform_admin',  'TENANT.MOVE'),
    ('platform_admin',  'TENANT.CUTOVER'),
    ('platform_admin',  'TENANT.RETIRE'),
    ('platform_admin',  'SERVER.READ'),
    ('platform_admin',  'SERVER.REGISTER'),
    ('platform_admin',  'BACKUP.READ'),
    ('platform_admin',  'BACKUP.TAKE'),
    ('platform_admin',  'BACKUP.RESTORE'),
    ('platform_admin',  'MIGRATION.READ'),
    ('platform_admin',  'MIGRATION.APPLY'),
    ('platform_admin',  'REFERENCE.EDIT'),
    ('platform_admin',  'QUERY.READ'),
    ('platform_admin',  'QUERY.WRITE'),
    ('platform_admin',  'AUDIT.READ'),
    ('platform_admin',  'USER.READ'),
    ('platform_admin',  'USER.MANAGE'),
    ('fleet_operator',  'TENANT.READ'),
    ('fleet_operator',  'TENANT.PROVISION'),
    ('fleet_operator',  'TENANT.SET_STATUS'),
    ('fleet_operator',  'TENANT.MOVE'),
    ('fleet_operator',  'TENANT.CUTOVER'),
    ('fleet_operator',  'SERVER.READ'),
    ('fleet_operator',  'SERVER.REGISTER'),
    ('fleet_operator',  'BACKUP.READ'),
    ('fleet_operator',  'BACKUP.TAKE'),
    ('fleet_operator',  'BACKUP.RESTORE'),
    ('fleet_operator',  'MIGRATION.READ'),
    ('fleet_operator',  'QUERY.READ'),
    ('release_manager', 'TENANT.READ'),
    ('release_manager', 'SERVER.READ'),
    ('release_manager', 'BACKUP.READ'),
    ('release_manager', 'BACKUP.TAKE'),
    ('release_manager', 'MIGRATION.READ'),
    ('release_manager', 'MIGRATION.APPLY'),
    ('release_manager', 'REFERENCE.EDIT'),
    ('release_manager', 'QUERY.READ'),
    ('support_agent',   'TENANT.READ'),
    ('support_agent',   'SERVER.READ'),
    ('support_agent',   'MIGRATION.READ'),
    ('support_agent',   'QUERY.READ'),
    ('auditor',         'TENANT.READ'),
    ('auditor',         'BACKUP.READ'),
    ('auditor',         'AUDIT.READ'),
    ('auditor',         'USER.READ')
on conflict (role_code, permission_code) do nothing;
