-- tenantsh: seed
-- fills: rcm_master.payer_type, rcm_master.payer
-- Stubs: names that billers know. Contracts and addresses are the tenant's own. Parents stand before children.

insert into rcm_master.payer_type as target
    (code, name, is_government, payment_rank)
values
    ('medicare',           'Medicare, fee for service', true,  2),
    ('medicare_advantage', 'Medicare Advantage',        true,  2),
    ('medicaid',           'Medicaid, fee for service', true,  9),
    ('medicaid_managed',   'Medicaid managed care',     true,  9),
    ('commercial',         'Commercial',                false, 1),
    ('dental_carrier',     'Dental carrier',            false, 1),
    ('military',           'Military and veterans',     true,  8),
    ('workers_comp',       'Workers compensation',      false, 1),
    ('auto_liability',     'No-fault and liability',    false, 1)
on conflict (code) do update set
    name = excluded.name,
    is_government = excluded.is_government,
    payment_rank = excluded.payment_rank
where (target.name, target.is_government, target.payment_rank)
    is distinct from (excluded.name, excluded.is_government, excluded.payment_rank);

insert into rcm_master.payer as target
    (code, name, payer_type_code, parent_code, state_code, takes_electronic)
values
    ('MEDICARE_A',      'Medicare Part A',                              'medicare',           null,      null, true),
    ('MEDICARE_B',      'Medicare Part B',                              'medicare',           null,      null, true),
    ('MEDICARE_DME',    'Medicare DME jurisdictions',                   'medicare',           null,      null, true),
    ('MEDICAID_NC',     'NC Medicaid Direct',                           'medicaid',           null,      'NC', true),
    ('MEDICAID_TX',     'Texas Medicaid (TMHP)',                        'medicaid',           null,      'TX', true),
    ('MEDICAID_CA',     'Medi-Cal',                                     'medicaid',           null,      'CA', true),
    ('MEDICAID_FL',     'Florida Medicaid',                             'medicaid',           null,      'FL', true),
    ('MEDICAID_NY',     'New York Medicaid (eMedNY)',                   'medicaid',           null,      'NY', true),
    ('AETNA',           'Aetna',                                        'commercial',         null,      null, true),
    ('CIGNA',           'Cigna Healthcare',                             'commercial',         null,      null, true),
    ('UHC',             'UnitedHealthcare',                             'commercial',         null,      null, true),
    ('ANTHEM',          'Anthem Blue Cross and Blue Shield',            'commercial',         null,      null, true),
    ('BCBS_NC',         'Blue Cross and Blue Shield of North Carolina', 'commercial',         null,      'NC', true),
    ('BCBS_TX',         'Blue Cross and Blue Shield of Texas',          'commercial',         null,      'TX', true),
    ('BSCA',            'Blue Shield of California',                    'commercial',         null,      'CA', true),
    ('KAISER_CA',       'Kaiser Permanente California',                 'commercial',         null,      'CA', true),
    ('HUMANA',          'Humana',                                       'commercial',         null,      null, true),
    ('CENTENE',         'Centene',                                      'commercial',         null,      null, true),
    ('AMBETTER',        'Ambetter',                                     'commercial',         'CENTENE', null, true),
    ('OPTUM_BH',        'Optum Behavioral Health',                      'commercial',         'UHC',     null, true),
    ('UHC_MA',          'UnitedHealthcare Medicare Advantage',          'medicare_advantage', 'UHC',     null, true),
    ('HUMANA_MA',       'Humana Medicare Advantage',                    'medicare_advantage', 'HUMANA',  null, true),
    ('AETNA_MA',        'Aetna Medicare',                               'medicare_advantage', 'AETNA',   null, true),
    ('MOLINA',          'Molina Healthcare',                            'medicaid_managed',   null,      null, true),
    ('WELLCARE_MCD',    'WellCare Medicaid',                            'medicaid_managed',   'CENTENE', null, true),
    ('UHC_COMMUNITY',   'UnitedHealthcare Community Plan',              'medicaid_managed',   'UHC',     null, true),
    ('DELTA_DENTAL',    'Delta Dental',                                 'dental_carrier',     null,      null, true),
    ('METLIFE_DENTAL',  'MetLife Dental',                               'dental_carrier',     null,      null, true),
    ('CIGNA_DENTAL',    'Cigna Dental',                                 'dental_carrier',     'CIGNA',   null, true),
    ('TRICARE_EAST',    'TRICARE East',                                 'military',           null,      null, true),
    ('TRICARE_WEST',    'TRICARE West',                                 'military',           null,      null, true),
    ('CHAMPVA',         'CHAMPVA',                                      'military',           null,      null, true),
    ('VA_CCN',          'VA Community Care Network',                    'military',           null,      null, true),
    ('STATE_FUND_CA',   'State Compensation Insurance Fund',            'workers_comp',       null,      'CA', true),
    ('TEXAS_MUTUAL',    'Texas Mutual',                                 'workers_comp',       null,      'TX', false),
    ('LIBERTY_WC',      'Liberty Mutual workers compensation',          'workers_comp',       null,      null, true),
    ('GEICO_AUTO',      'GEICO auto',                                   'auto_liability',     null,      null, false),
    ('STATE_FARM_AUTO', 'State Farm auto',                              'auto_liability',     null,      null, false)
on conflict (code) do update set
    name = excluded.name,
    payer_type_code = excluded.payer_type_code,
    parent_code = excluded.parent_code,
    state_code = excluded.state_code,
    takes_electronic = excluded.takes_electronic
where (target.name, target.payer_type_code, target.parent_code, target.state_code, target.takes_electronic)
    is distinct from (excluded.name, excluded.payer_type_code, excluded.parent_code, excluded.state_code, excluded.takes_electronic);
