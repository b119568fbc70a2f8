-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Mental health and substance use, from a first assessment to residential care.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('behavioral_health', 'BH-ASSESS',        'Mental health assessment',                     'H0031', null,   '11', 'VIS', false),
    ('behavioral_health', 'BH-ASSESS-SUD',    'Alcohol or drug assessment',                   'H0001', null,   '53', 'VIS', false),
    ('behavioral_health', 'BH-PLAN',          'Treatment plan development',                   'H0032', null,   '53', 'VIS', false),
    ('behavioral_health', 'BH-COUNSEL',       'Counseling and therapy',                       'H0004', null,   '11', 'M15', false),
    ('behavioral_health', 'BH-COUNSEL-VIDEO', 'Counseling and therapy by video',              'H0004', null,   '10', 'M15', false),
    ('behavioral_health', 'BH-GROUP-SUD',     'Substance use group',                          'H0005', null,   '53', 'VIS', false),
    ('behavioral_health', 'BH-IOP-SUD',       'Substance use intensive outpatient',           'H0015', null,   '53', 'DA',  true),
    ('behavioral_health', 'BH-IOP-PSYCH',     'Psychiatric intensive outpatient',             'S9480', '0905', '22', 'DA',  true),
    ('behavioral_health', 'BH-PHP-GROUP',     'Partial hospitalization, group psychotherapy', 'G0410', '0912', '52', 'VIS', true),
    ('behavioral_health', 'BH-METHADONE',     'Methadone dosing',                             'H0020', null,   '55', 'VIS', false),
    ('behavioral_health', 'BH-PEER',          'Peer support',                                 'H0038', null,   '53', 'M15', false),
    ('behavioral_health', 'BH-CRISIS',        'Crisis intervention',                          'H2011', null,   '99', 'M15', false),
    ('behavioral_health', 'BH-SKILLS',        'Skills training',                              'H2014', null,   '12', 'M15', true),
    ('behavioral_health', 'BH-RESIDENTIAL',   'Short-term residential treatment',             'H0018', null,   '55', 'DA',  true),
    ('behavioral_health', 'BH-CASE-MGMT',     'Targeted case management',                     'T1017', null,   '53', 'M15', false)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
