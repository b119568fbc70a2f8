-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Equipment and supplies, delivered home: rentals run by the month.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('dme', 'DM-CPAP',             'Positive airway pressure device',     'E0601', null, '12', 'MO', true),
    ('dme', 'DM-CPAP-MASK',        'Full face mask',                      'A7030', null, '12', 'UN', false),
    ('dme', 'DM-CPAP-TUBING',      'Tubing for positive airway pressure', 'A7037', null, '12', 'UN', false),
    ('dme', 'DM-OXYGEN-CONC',      'Oxygen concentrator',                 'E1390', null, '12', 'MO', true),
    ('dme', 'DM-OXYGEN-PORTABLE',  'Portable oxygen',                     'E0431', null, '12', 'MO', true),
    ('dme', 'DM-NEBULIZER',        'Nebulizer',                           'E0570', null, '12', 'UN', false),
    ('dme', 'DM-BED',              'Hospital bed, semi-electric',         'E0260', null, '12', 'MO', true),
    ('dme', 'DM-WALKER',           'Folding walker with wheels',          'E0143', null, '12', 'UN', false),
    ('dme', 'DM-WHEELCHAIR',       'Standard wheelchair',                 'K0001', null, '12', 'MO', false),
    ('dme', 'DM-WHEELCHAIR-POWER', 'Power wheelchair, group 2',           'K0823', null, '12', 'MO', true),
    ('dme', 'DM-STRIPS',           'Blood glucose test strips',           'A4253', null, '12', 'UN', false),
    ('dme', 'DM-CATHETER',         'Intermittent catheter',               'A4351', null, '12', 'UN', false),
    ('dme', 'DM-SHOE',             'Diabetic shoe',                       'A5500', null, '11', 'UN', false),
    ('dme', 'DM-BOOT',             'Walking boot',                        'L4361', null, '11', 'UN', false),
    ('dme', 'DM-WRIST',            'Wrist orthosis',                      'L3908', null, '11', 'UN', false)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
