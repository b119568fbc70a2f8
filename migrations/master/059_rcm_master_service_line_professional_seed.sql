-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Office work of practitioners. Visits and most procedures have CPT codes: those rows name no code.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('professional', 'PR-VISIT-NEW',           'Office visit, new patient', null,    null, '11', 'VIS',  false),
    ('professional', 'PR-VISIT-EST',           'Office visit, established patient', null,    null, '11', 'VIS',  false),
    ('professional', 'PR-VISIT-COMPLEX',       'Added complexity of a lasting care relationship', 'G2211', null, '11', 'VIS',  false),
    ('professional', 'PR-WELLNESS-WELCOME',    'Welcome-to-Medicare examination', 'G0402', null, '11', 'VIS',  false),
    ('professional', 'PR-WELLNESS-FIRST',      'Annual wellness visit, first', 'G0438', null, '11', 'VIS',  false),
    ('professional', 'PR-WELLNESS-NEXT',       'Annual wellness visit, following years', 'G0439', null, '11', 'VIS',  false),
    ('professional', 'PR-DEPRESSION-SCREEN',   'Depression screening', 'G0444', null, '11', 'VIS',  false),
    ('professional', 'PR-FLU-SHOT',            'Giving the influenza vaccine', 'G0008', null, '11', 'DOSE', false),
    ('professional', 'PR-PELVIC-SCREEN',       'Cervical cancer screening', 'G0101', null, '11', 'VIS',  false),
    ('professional', 'PR-COLON-SCREEN',        'Screening colonoscopy, average risk', 'G0121', null, '24', 'VIS',  false),
    ('professional', 'PR-COLON-SCREEN-HIGH',   'Screening colonoscopy, high risk', 'G0105', null, '24', 'VIS',  false),
    ('professional', 'PR-DIABETES-TRAINING',   'Diabetes self-management training', 'G0108', null, '11', 'M30',  false),
    ('professional', 'PR-JOINT-STEROID',       'Triamcinolone for a joint injection', 'J3301', null, '11', 'DOSE', false),
    ('professional', 'PR-INFUSION-INFLIXIMAB', 'Infliximab infusion drug', 'J1745', null, '11', 'DOSE', true),
    ('professional', 'PR-TELEVISIT',           'Visit by video, patient at home', null,    null, '10', 'VIS',  false),
    ('professional', 'PR-URGENT-GLOBAL',       'Urgent care visit, all inclusive', 'S9083', null, '20', 'VIS',  false)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
