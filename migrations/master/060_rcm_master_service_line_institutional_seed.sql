-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Hospital departments: the revenue code leads, HCPCS follows where an outpatient line needs it.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('institutional', 'IN-ROOM-SEMI',          'Semi-private room and board',                 null,    '0120', null, 'DA',   true),
    ('institutional', 'IN-ROOM-ICU',           'Intensive care',                              null,    '0200', null, 'DA',   true),
    ('institutional', 'IN-EMERGENCY',          'Emergency room visit',                        null,    '0450', '23', 'VIS',  false),
    ('institutional', 'IN-OBSERVATION',        'Observation',                                 'G0378', '0762', '22', 'HR',   false),
    ('institutional', 'IN-OBSERVATION-DIRECT', 'Direct admission to observation',             'G0379', '0762', '22', 'VIS',  false),
    ('institutional', 'IN-CLINIC',             'Hospital clinic visit',                       'G0463', '0510', '22', 'VIS',  false),
    ('institutional', 'IN-OPERATING-ROOM',     'Operating room time',                         null,    '0360', '22', 'HR',   true),
    ('institutional', 'IN-PHARMACY',           'Pharmacy, general',                           null,    '0250', null, 'UN',   false),
    ('institutional', 'IN-DRUG-BEVACIZUMAB',   'Bevacizumab',                                 'J9035', '0636', '22', 'DOSE', true),
    ('institutional', 'IN-LAB',                'Laboratory',                                  null,    '0300', '22', 'UN',   false),
    ('institutional', 'IN-FQHC-VISIT',         'Federally qualified health center encounter', 'T1015', '0521', '50', 'VIS',  false),
    ('institutional', 'IN-THERAPY-PHYSICAL',   'Physical therapy, hospital outpatient',       null,    '0420', '22', 'VIS',  false)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
