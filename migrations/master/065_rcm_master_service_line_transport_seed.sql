-- tenantsh: seed
-- fills: rcm_master.procedure_service_line
-- Trips and their mileage; every loaded trip has one mileage line.

insert into rcm_master.procedure_service_line as target
    (vertical, code, name, hcpcs_code, revenue_code, place_of_service_code, unit_code, requires_authorization)
values
    ('transport', 'TR-BLS-EMERG',   'Basic life support, emergency',      'A0429', null,   '41', 'TRIP', false),
    ('transport', 'TR-ALS1-EMERG',  'Advanced life support 1, emergency', 'A0427', null,   '41', 'TRIP', false),
    ('transport', 'TR-ALS2',        'Advanced life support 2',            'A0433', null,   '41', 'TRIP', false),
    ('transport', 'TR-BLS',         'Basic life support, scheduled',      'A0428', null,   '41', 'TRIP', true),
    ('transport', 'TR-SPECIALTY',   'Specialty care transport',           'A0434', null,   '41', 'TRIP', true),
    ('transport', 'TR-MILEAGE',     'Ground mileage, loaded',             'A0425', '0540', '41', 'MI',   false),
    ('transport', 'TR-FIXED-WING',  'Air ambulance, fixed wing',          'A0430', null,   '42', 'TRIP', true),
    ('transport', 'TR-ROTARY',      'Air ambulance, helicopter',          'A0431', null,   '42', 'TRIP', false),
    ('transport', 'TR-WHEELCHAIR',  'Wheelchair van',                     'A0130', null,   '99', 'TRIP', true),
    ('transport', 'TR-STRETCHER',   'Stretcher van',                      'T2005', null,   '99', 'TRIP', true),
    ('transport', 'TR-TAXI',        'Taxi to a covered visit',            'A0100', null,   '99', 'TRIP', true),
    ('transport', 'TR-VAN-MILEAGE', 'Non-emergency mileage',              'S0215', null,   '99', 'MI',   false)
on conflict (vertical, code) do update set
    name = excluded.name,
    hcpcs_code = excluded.hcpcs_code,
    revenue_code = excluded.revenue_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_code = excluded.unit_code,
    requires_authorization = excluded.requires_authorization
where (target.name, target.hcpcs_code, target.revenue_code, target.place_of_service_code, target.unit_code, target.requires_authorization)
    is distinct from (excluded.name, excluded.hcpcs_code, excluded.revenue_code, excluded.place_of_service_code, excluded.unit_code, excluded.requires_authorization);
