-- tenantsh: seed
-- fills: security.permission, security.role, security.role_permission
-- The jobs that every new organization starts with; it adds its own beside them.

insert into security.permission as target
    (code, description)
values
    ('ORGANIZATION.EDIT', 'Change the organization, its locations and providers'),
    ('USER.MANAGE',       'Invite people and give them jobs'),
    ('MEMBER.READ',       'See members'),
    ('MEMBER.EDIT',       'Enter and change members'),
    ('COVERAGE.EDIT',     'Enter and change coverage'),
    ('ELIGIBILITY.CHECK', 'Ask a payer about coverage'),
    ('CLAIM.READ',        'See claims'),
    ('CLAIM.EDIT',        'Prepare claims'),
    ('CLAIM.SUBMIT',      'Send claims'),
    ('REMIT.READ',        'See remittances'),
    ('REMIT.POST',        'Post payments'),
    ('REPORT.READ',       'See reports')
on conflict (code) do update set
    description = excluded.description
where target.description is distinct from excluded.description;

insert into security.role as target
    (code, name, description, is_system)
values
    ('tenant_admin', 'Administrator', 'Runs the organizations account',         true),
    ('biller',       'Biller',        'Claims and payments',                    true),
    ('front_desk',   'Front desk',    'Members, coverage, eligibility',         true),
    ('clinician',    'Clinician',     'Sees the own patients and their claims', true),
    ('viewer',       'Viewer',        'Reports only',                           true)
on conflict (code) do update set
    name = excluded.name,
    description = excluded.description,
    is_system = excluded.is_system
where (target.name, target.description, target.is_system)
    is distinct from (excluded.name, excluded.description, excluded.is_system);

insert into security.role_permission as target
    (role_code, permission_code)
values
    ('tenant_admin', 'ORGANIZATION.EDIT'),
    ('tenant_admin', 'USER.MANAGE'),
    ('tenant_admin', 'MEMBER.READ'),
    ('tenant_admin', 'MEMBER.EDIT'),
    ('tenant_admin', 'COVERAGE.EDIT'),
    ('tenant_admin', 'ELIGIBILITY.CHECK'),
    ('tenant_admin', 'CLAIM.READ'),
    ('tenant_admin', 'CLAIM.EDIT'),
    ('tenant_admin', 'CLAIM.SUBMIT'),
    ('tenant_admin', 'REMIT.READ'),
    ('tenant_admin', 'REMIT.POST'),
    ('tenant_admin', 'REPORT.READ'),
    ('biller',       'MEMBER.READ'),
    ('biller',       'COVERAGE.EDIT'),
    ('biller',       'ELIGIBILITY.CHECK'),
    ('biller',       'CLAIM.READ'),
    ('biller',       'CLAIM.EDIT'),
    ('biller',       'CLAIM.SUBMIT'),
    ('biller',       'REMIT.READ'),
    ('biller',       'REMIT.POST'),
    ('biller',       'REPORT.READ'),
    ('front_desk',   'MEMBER.READ'),
    ('front_desk',   'MEMBER.EDIT'),
    ('front_desk',   'COVERAGE.EDIT'),
    ('front_desk',   'ELIGIBILITY.CHECK'),
    ('clinician',    'MEMBER.READ'),
    ('clinician',    'CLAIM.READ'),
    ('viewer',       'REPORT.READ')
on conflict (role_code, permission_code) do nothing;
