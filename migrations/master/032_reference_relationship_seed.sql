-- tenantsh: seed
-- fills: reference.relationship
-- The X12 numbers for the relationships that matter to coordination of benefits.

insert into reference.relationship as target
    (code, name, is_dependent, is_minor)
values
    ('18', 'Self',               false, false),
    ('01', 'Spouse',             true,  false),
    ('19', 'Child',              true,  true),
    ('53', 'Life partner',       true,  false),
    ('G8', 'Other relationship', true,  false),
    ('20', 'Employee',           false, false)
on conflict (code) do update set
    name = excluded.name,
    is_dependent = excluded.is_dependent,
    is_minor = excluded.is_minor
where (target.name, target.is_dependent, target.is_minor)
    is distinct from (excluded.name, excluded.is_dependent, excluded.is_minor);
