-- tenantsh: seed
-- fills: rcm_master.modifier_injection_rule
-- From published billing rules; each row says why in its own words.

insert into rcm_master.modifier_injection_rule as target
    (code, vertical, service_line_code, payer_type_code, payer_code, place_of_service_code, modifier_code, line_position, precedence, rationale, effective_from, effective_to)
values
    ('TELE_VIDEO_MEDICAID',        'professional',      'PR-TELEVISIT',           'medicaid',           null,           '10', 'GT', 1, 20, 'Medicaid programs still tell video from phone by the modifier', '2024-01-01', null),
    ('TELE_BH_MANAGED',            'behavioral_health', 'BH-COUNSEL-VIDEO',       'medicaid_managed',   null,           '10', 'GT', 1, 20, 'Managed plans follow the state on video counseling', '2024-01-01', null),
    ('RESIDENT_SUPERVISED',        'professional',      null,                     'medicare',           null,           '22', 'GC', 2, 40, 'Teaching hospital: the resident worked under a physician', '2024-01-01', null),
    ('OFF_CAMPUS_CLINIC',          'institutional',     'IN-CLINIC',              'medicare',           null,           '19', 'PO', 1, 10, 'Excepted off-campus department', '2024-01-01', null),
    ('DRUG_NOTHING_DISCARDED',     'professional',      'PR-INFUSION-INFLIXIMAB', 'medicare',           null,           null, 'JZ', 1, 10, 'Single-dose containers state that nothing was left', '2024-01-01', null),
    ('DRUG_NOTHING_LEFT_HOSPITAL', 'institutional',     'IN-DRUG-BEVACIZUMAB',    'medicare_advantage', null,           '22', 'JZ', 1, 15, 'Advantage plans follow the single-dose rule', '2024-01-01', null),
    ('CPAP_RENTAL',                'dme',               'DM-CPAP',                'medicare',           null,           null, 'RR', 1, 10, 'Capped rental', '2024-01-01', null),
    ('CPAP_POLICY_MET',            'dme',               'DM-CPAP',                'medicare',           'MEDICARE_DME', null, 'KX', 2, 20, 'Use of four hours a night is documented', '2024-01-01', null),
    ('OXYGEN_RENTAL',              'dme',               'DM-OXYGEN-CONC',         null,                 null,           null, 'RR', 1, 10, 'Oxygen is always rented', '2024-01-01', null),
    ('WALKER_NEW',                 'dme',               'DM-WALKER',              null,                 null,           null, 'NU', 1, 10, 'Inexpensive item, bought new', '2024-01-01', null),
    ('WHEELCHAIR_FIRST_MONTH',     'dme',               'DM-WHEELCHAIR',          'medicare',           null,           null, 'KH', 2, 20, 'Rental month is stated on capped rentals', '2024-01-01', null),
    ('STRIPS_POLICY_MET',          'dme',               'DM-STRIPS',              'medicare',           'MEDICARE_DME', '12', 'KX', 1, 10, 'Patient uses insulin', '2024-01-01', null),
    ('GROUP_SETTING_MEDICAID',     'behavioral_health', 'BH-GROUP-SUD',           'medicaid',           null,           null, 'HQ', 1, 10, 'Group rate', '2024-01-01', null),
    ('SUD_PROGRAM',                'behavioral_health', 'BH-IOP-SUD',             'commercial',         'OPTUM_BH',     null, 'HF', 1, 10, 'Tells substance use from mental health intensive outpatient', '2024-01-01', null),
    ('MASTERS_LEVEL',              'behavioral_health', 'BH-COUNSEL',             'medicaid_managed',   null,           '11', 'HO', 1, 30, 'Paid by the level of the counselor', '2024-01-01', null),
    ('CHILD_PROGRAM',              'behavioral_health', 'BH-SKILLS',              'medicaid',           null,           null, 'HA', 2, 40, 'Child and adolescent rate', '2024-01-01', null),
    ('PT_PLAN_HOME',               'home_health',       'HH-PT',                  null,                 null,           null, 'GP', 1, 10, 'Discipline of the plan of care', '2024-01-01', null),
    ('OT_PLAN_HOME',               'home_health',       'HH-OT',                  null,                 null,           null, 'GO', 1, 10, 'Discipline of the plan of care', '2024-01-01', null),
    ('SLP_PLAN_HOME',              'home_health',       'HH-SLP',                 null,                 null,           null, 'GN', 1, 10, 'Discipline of the plan of care', '2024-01-01', null),
    ('PRIVATE_DUTY_RN',            'home_health',       'HH-PRIVATE-RN',          'medicaid',           null,           '12', 'TD', 1, 10, 'Rate of a registered nurse', '2024-01-01', null),
    ('SCENE_TO_HOSPITAL',          'transport',         'TR-BLS-EMERG',           null,                 null,           '41', 'SH', 1, 10, 'Origin and destination come first on every trip', '2024-01-01', null),
    ('RESIDENCE_TO_HOSPITAL',      'transport',         'TR-BLS',                 'medicare',           null,           '41', 'RH', 1, 10, 'Origin and destination come first on every trip', '2024-01-01', null),
    ('HOSPITAL_ARRANGED_TRIP',     'transport',         'TR-SPECIALTY',           'medicare',           null,           null, 'QM', 2, 20, 'The hospital arranged the trip and is paid for it', '2024-01-01', '2026-12-31'),
    ('DENTAL_DISASTER',            'dental',            'DN-ENCOUNTER-CLINIC',    'medicaid',           null,           '50', 'CR', 2, 90, 'Kept for declared disasters', '2024-01-01', '2025-12-31'),
    ('PT_HOSPITAL_PLAN',           'institutional',     'IN-THERAPY-PHYSICAL',    'medicare',           null,           null, 'GP', 1, 10, 'Discipline of the plan of care', '2024-01-01', null)
on conflict (code) do update set
    vertical = excluded.vertical,
    service_line_code = excluded.service_line_code,
    payer_type_code = excluded.payer_type_code,
    payer_code = excluded.payer_code,
    place_of_service_code = excluded.place_of_service_code,
    modifier_code = excluded.modifier_code,
    line_position = excluded.line_position,
    precedence = excluded.precedence,
    rationale = excluded.rationale,
    effective_from = excluded.effective_from,
    effective_to = excluded.effective_to
where (target.vertical, target.service_line_code, target.payer_type_code, target.payer_code, target.place_of_service_code, target.modifier_code, target.line_position, target.precedence, target.rationale, target.effective_from, target.effective_to)
    is distinct from (excluded.vertical, excluded.service_line_code, excluded.payer_type_code, excluded.payer_code, excluded.place_of_service_code, excluded.modifier_code, excluded.line_position, excluded.precedence, excluded.rationale, excluded.effective_from, excluded.effective_to);
