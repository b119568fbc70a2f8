-- tenantsh: seed
-- fills: rcm_master.plan_type, rcm_master.payer_plan
-- Enough plans to exercise every benefit design.

insert into rcm_master.plan_type as target
    (code, name, needs_referral, pays_out_of_network)
values
    ('hmo',       'Health maintenance organization', true,  false),
    ('ppo',       'Preferred provider organization', false, true),
    ('epo',       'Exclusive provider organization', false, false),
    ('pos',       'Point of service',                true,  true),
    ('hdhp',      'High deductible plan',            false, true),
    ('indemnity', 'Indemnity',                       false, true)
on conflict (code) do update set
    name = excluded.name,
    needs_referral = excluded.needs_referral,
    pays_out_of_network = excluded.pays_out_of_network
where (target.name, target.needs_referral, target.pays_out_of_network)
    is distinct from (excluded.name, excluded.needs_referral, excluded.pays_out_of_network);

insert into rcm_master.payer_plan as target
    (payer_code, plan_code, name, plan_type_code)
values
    ('MEDICARE_A',   'ORIG-A',      'Original Medicare, hospital', 'indemnity'),
    ('MEDICARE_B',   'ORIG-B',      'Original Medicare, medical',  'indemnity'),
    ('UHC',          'CHOICE-PLUS', 'Choice Plus',                 'ppo'),
    ('UHC',          'NAVIGATE',    'Navigate',                    'hmo'),
    ('AETNA',        'OA-SELECT',   'Open Access Select',          'epo'),
    ('AETNA',        'CHOICE-POS',  'Choice POS II',               'pos'),
    ('CIGNA',        'OAP',         'Open Access Plus',            'ppo'),
    ('CIGNA',        'LOCALPLUS',   'LocalPlus',                   'epo'),
    ('ANTHEM',       'BLUE-PPO',    'Blue Access PPO',             'ppo'),
    ('ANTHEM',       'LUMENOS',     'Lumenos',                     'hdhp'),
    ('BCBS_NC',      'BLUE-ADV',    'Blue Advantage',              'ppo'),
    ('BCBS_TX',      'BLUE-ESS',    'Blue Essentials',             'hmo'),
    ('KAISER_CA',    'DED-HMO',     'Deductible HMO',              'hmo'),
    ('HUMANA_MA',    'GOLD-PLUS',   'Gold Plus',                   'hmo'),
    ('UHC_MA',       'AARP-CHOICE', 'AARP Choice',                 'ppo'),
    ('AMBETTER',     'SILVER',      'Silver marketplace plan',     'epo'),
    ('MOLINA',       'STAR',        'STAR',                        'hmo'),
    ('DELTA_DENTAL', 'PREMIER',     'Delta Premier',               'indemnity'),
    ('DELTA_DENTAL', 'DPPO',        'Delta PPO',                   'ppo'),
    ('TRICARE_EAST', 'PRIME',       'Prime',                       'hmo'),
    ('TRICARE_EAST', 'SELECT',      'Select',                      'ppo')
on conflict (payer_code, plan_code) do update set
    name = excluded.name,
    plan_type_code = excluded.plan_type_code
where (target.name, target.plan_type_code)
    is distinct from (excluded.name, excluded.plan_type_code);
