-- tenantsh: seed
-- fills: rcm_master.fee_schedule_template, rcm_master.fee_schedule_line
-- Plausible amounts in the range of public fee schedules; never a tenants contract.

insert into rcm_master.fee_schedule_template as target
    (code, name, vertical_code, payer_type_code, currency_code, percent_of_basis, effective_from, effective_to)
values
    ('PRO_MEDICARE',   'Practitioners, Medicare-like', 'professional',      'medicare',         'USD', 100.00, '2024-01-01', null),
    ('PRO_COMMERCIAL', 'Practitioners, commercial',    'professional',      'commercial',       'USD', 135.00, '2024-01-01', null),
    ('DME_MEDICARE',   'Equipment, Medicare-like',     'dme',               'medicare',         'USD', 100.00, '2024-01-01', null),
    ('BH_MEDICAID',    'Behavioral health, Medicaid',  'behavioral_health', 'medicaid',         'USD', 100.00, '2024-01-01', null),
    ('HH_MEDICAID',    'Home health, Medicaid',        'home_health',       'medicaid_managed', 'USD', 92.50,  '2024-01-01', null),
    ('TR_MEDICARE',    'Ambulance, Medicare-like',     'transport',         'medicare',         'USD', 100.00, '2024-01-01', '2026-12-31')
on conflict (code) do update set
    name = excluded.name,
    vertical_code = excluded.vertical_code,
    payer_type_code = excluded.payer_type_code,
    currency_code = excluded.currency_code,
    percent_of_basis = excluded.percent_of_basis,
    effective_from = excluded.effective_from,
    effective_to = excluded.effective_to
where (target.name, target.vertical_code, target.payer_type_code, target.currency_code, target.percent_of_basis, target.effective_from, target.effective_to)
    is distinct from (excluded.name, excluded.vertical_code, excluded.payer_type_code, excluded.currency_code, excluded.percent_of_basis, excluded.effective_from, excluded.effective_to);

insert into rcm_master.fee_schedule_line as target
    (template_code, line_number, hcpcs_code, modifier_code, place_of_service_code, unit_price)
values
    ('PRO_MEDICARE',   10, 'G0402', null, '11', 169.12),
    ('PRO_MEDICARE',   20, 'G0438', null, '11', 172.87),
    ('PRO_MEDICARE',   30, 'G0439', null, '11', 134.50),
    ('PRO_MEDICARE',   40, 'G0444', null, '11', 18.66),
    ('PRO_MEDICARE',   50, 'G0008', null, null, 31.20),
    ('PRO_MEDICARE',   60, 'G0101', null, '11', 40.18),
    ('PRO_MEDICARE',   70, 'G0121', null, '24', 198.44),
    ('PRO_MEDICARE',   80, 'G0108', null, '11', 55.07),
    ('PRO_MEDICARE',   90, 'G2211', null, '11', 16.05),
    ('PRO_COMMERCIAL', 10, 'G0438', null, null, 233.40),
    ('PRO_COMMERCIAL', 20, 'G0439', null, null, 181.60),
    ('PRO_COMMERCIAL', 30, 'J3301', null, null, 2.36),
    ('PRO_COMMERCIAL', 40, 'J1745', 'JZ', null, 61.75),
    ('PRO_COMMERCIAL', 50, 'J1745', 'JW', null, 61.75),
    ('PRO_COMMERCIAL', 60, 'S9083', null, '20', 165.00),
    ('DME_MEDICARE',   10, 'E0601', 'RR', '12', 82.61),
    ('DME_MEDICARE',   20, 'E0601', 'NU', '12', 826.10),
    ('DME_MEDICARE',   30, 'A7030', 'NU', '12', 138.92),
    ('DME_MEDICARE',   40, 'A7037', 'NU', '12', 24.13),
    ('DME_MEDICARE',   50, 'E1390', 'RR', '12', 96.44),
    ('DME_MEDICARE',   60, 'E0143', 'NU', '12', 91.08),
    ('DME_MEDICARE',   70, 'K0001', 'RR', '12', 37.16),
    ('DME_MEDICARE',   80, 'K0001', 'UE', '12', 278.70),
    ('BH_MEDICAID',    10, 'H0001', null, '53', 148.33),
    ('BH_MEDICAID',    20, 'H0004', null, '11', 24.90),
    ('BH_MEDICAID',    30, 'H0004', 'HO', '11', 28.64),
    ('BH_MEDICAID',    40, 'H0005', 'HQ', null, 31.75),
    ('BH_MEDICAID',    50, 'H0015', 'HF', null, 162.00),
    ('BH_MEDICAID',    60, 'H0038', null, null, 17.22),
    ('BH_MEDICAID',    70, 'H2011', null, null, 39.95),
    ('HH_MEDICAID',    10, 'G0299', 'TD', null, 45.61),
    ('HH_MEDICAID',    20, 'G0300', 'TE', null, 34.27),
    ('HH_MEDICAID',    30, 'G0151', 'GP', null, 41.80),
    ('HH_MEDICAID',    40, 'G0156', null, null, 14.38),
    ('HH_MEDICAID',    50, 'T1019', 'U1', '12', 6.29),
    ('TR_MEDICARE',    10, 'A0425', null, '41', 9.15),
    ('TR_MEDICARE',    20, 'A0427', 'SH', '41', 505.40),
    ('TR_MEDICARE',    30, 'A0428', 'RH', '41', 265.99),
    ('TR_MEDICARE',    40, 'A0429', 'SH', '41', 425.58),
    ('TR_MEDICARE',    50, 'A0433', null, '41', 731.50),
    ('TR_MEDICARE',    60, 'A0431', null, '42', 4310.00)
on conflict (template_code, line_number) do update set
    hcpcs_code = excluded.hcpcs_code,
    modifier_code = excluded.modifier_code,
    place_of_service_code = excluded.place_of_service_code,
    unit_price = excluded.unit_price
where (target.hcpcs_code, target.modifier_code, target.place_of_service_code, target.unit_price)
    is distinct from (excluded.hcpcs_code, excluded.modifier_code, excluded.place_of_service_code, excluded.unit_price);
