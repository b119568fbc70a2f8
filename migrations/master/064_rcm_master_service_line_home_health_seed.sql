-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Visits at home in quarter hours; a period of care is grouped on its final claim.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('home_health', 'HH-NURSE-RN',      'Skilled nursing by a registered nurse', 'G0299', '0551', null, 'M15', true),
    ('home_health', 'HH-NURSE-LPN',     'Skilled nursing by a practical nurse',  'G0300', '0551', null, 'M15', true),
    ('home_health', 'HH-PT',            'Physical therapy at home',              'G0151', '0420', null, 'M15', true),
    ('home_health', 'HH-OT',            'Occupational therapy at home',          'G0152', '0430', null, 'M15', true),
    ('home_health', 'HH-SLP',           'Speech-language therapy at home',       'G0153', '0440', null, 'M15', true),
    ('home_health', 'HH-SOCIAL',        'Medical social work at home',           'G0155', '0561', null, 'M15', false),
    ('home_health', 'HH-AIDE',          'Home health aide',                      'G0156', '0571', null, 'M15', false),
    ('home_health', 'HH-PERIOD',        'Payment group of a 30-day period',      null,    '0023', null, 'UN',  false),
    ('home_health', 'HH-PRIVATE-AIDE',  'Home health aide, private pay',         'S9122', null,   '12', 'HR',  false),
    ('home_health', 'HH-PRIVATE-RN',    'Private duty nursing',                  'S9123', null,   '12', 'HR',  true),
    ('home_health', 'HH-PERSONAL-CARE', 'Personal care',                         'T1019', null,   '12', 'M15', true),
    ('home_health', 'HH-DAY-CARE',      'Adult day care',                        'S5102', null,   '99', 'DA',  true)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
