-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Own descriptions by kind of care: a dental procedure code is mapped by the tenant, who holds the licence.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('dental', 'DN-CHECKUP',          'Recall examination',                         null,    null, '11', 'VIS', false),
    ('dental', 'DN-EXAM-NEW',         'Comprehensive examination of a new patient', null,    null, '11', 'VIS', false),
    ('dental', 'DN-XRAY-BITEWING',    'Bitewing images',                            null,    null, '11', 'UN',  false),
    ('dental', 'DN-CLEAN-ADULT',      'Cleaning, adult',                            null,    null, '11', 'VIS', false),
    ('dental', 'DN-CLEAN-CHILD',      'Cleaning, child',                            null,    null, '11', 'VIS', false),
    ('dental', 'DN-SEALANT',          'Fissure sealant, per tooth',                 null,    null, '11', 'UN',  false),
    ('dental', 'DN-FILL-BACK',        'Tooth-colored filling of a back tooth',      null,    null, '11', 'UN',  false),
    ('dental', 'DN-ROOT-CANAL',       'Root canal, molar',                          null,    null, '11', 'UN',  true),
    ('dental', 'DN-CROWN',            'Crown, ceramic',                             null,    null, '11', 'UN',  true),
    ('dental', 'DN-EXTRACT-SURGICAL', 'Surgical removal of a tooth',                null,    null, '11', 'UN',  false),
    ('dental', 'DN-ENCOUNTER-CLINIC', 'Dental encounter at a health center',        'T1015', null, '50', 'VIS', false),
    ('dental', 'DN-OR-CASE',          'Dental rehabilitation under anesthesia',     null,    null, '22', 'HR',  true)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
