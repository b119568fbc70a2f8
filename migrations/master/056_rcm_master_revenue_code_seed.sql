-- tenantsh: seed
-- fills: rcm_master.revenue_category, rcm_master.revenue_code
-- Numbers as on the UB-04; the wording is ours.

insert into rcm_master.revenue_category as target
    (prefix, name)
values
    ('002', 'Payment groups'),
    ('012', 'Room and board, two beds'),
    ('020', 'Intensive care'),
    ('025', 'Pharmacy'),
    ('027', 'Supplies'),
    ('030', 'Laboratory'),
    ('032', 'Imaging'),
    ('036', 'Operating room'),
    ('042', 'Physical therapy'),
    ('043', 'Occupational therapy'),
    ('044', 'Speech therapy'),
    ('045', 'Emergency'),
    ('051', 'Clinic'),
    ('052', 'Free-standing clinic'),
    ('054', 'Ambulance'),
    ('055', 'Home nursing'),
    ('056', 'Home social work'),
    ('057', 'Home aide'),
    ('063', 'Pharmacy, detailed'),
    ('076', 'Observation'),
    ('077', 'Preventive care'),
    ('090', 'Behavioral treatment'),
    ('091', 'Behavioral services')
on conflict (prefix) do update set
    name = excluded.name
where target.name is distinct from excluded.name;

insert into rcm_master.revenue_code as target
    (code, name, needs_hcpcs, unit_code)
values
    ('0023', 'Home health payment group',                 false, 'UN'),
    ('0120', 'Semi-private room',                         false, 'DA'),
    ('0200', 'Intensive care bed',                        false, 'DA'),
    ('0250', 'Pharmacy',                                  false, 'UN'),
    ('0270', 'Supplies',                                  false, 'UN'),
    ('0300', 'Laboratory',                                true,  'UN'),
    ('0320', 'Diagnostic imaging',                        true,  'UN'),
    ('0360', 'Operating room',                            true,  'HR'),
    ('0420', 'Physical therapy',                          true,  'VIS'),
    ('0430', 'Occupational therapy',                      true,  'VIS'),
    ('0440', 'Speech-language therapy',                   true,  'VIS'),
    ('0450', 'Emergency room',                            true,  'VIS'),
    ('0510', 'Clinic visit',                              true,  'VIS'),
    ('0521', 'Rural or federally qualified clinic visit', true,  'VIS'),
    ('0540', 'Ambulance',                                 true,  'TRIP'),
    ('0551', 'Skilled nurse visit',                       true,  'VIS'),
    ('0561', 'Medical social worker visit',               true,  'VIS'),
    ('0571', 'Home health aide visit',                    true,  'VIS'),
    ('0636', 'Drug that needs detailed coding',           true,  'DOSE'),
    ('0762', 'Observation',                               true,  'HR'),
    ('0771', 'Giving a vaccine',                          true,  'DOSE'),
    ('0905', 'Psychiatric intensive outpatient',          true,  'DA'),
    ('0912', 'Partial hospitalization',                   true,  'DA')
on conflict (code) do update set
    name = excluded.name,
    needs_hcpcs = excluded.needs_hcpcs,
    unit_code = excluded.unit_code
where (target.name, target.needs_hcpcs, target.unit_code)
    is distinct from (excluded.name, excluded.needs_hcpcs, excluded.unit_code);
