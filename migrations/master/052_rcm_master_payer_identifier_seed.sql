-- tenantsh: seed
-- fills: rcm_master.payer_identifier_kind, rcm_master.payer_identifier
-- Placeholders of the right shape: replace them by those of your clearing house.

insert into rcm_master.payer_identifier_kind as target
    (code, name, used_on)
values
    ('claims',       'Claims',               '837'),
    ('eligibility',  'Eligibility',          '270'),
    ('remittance',   'Remittance enrolment', '835'),
    ('claim_status', 'Claim status',         '276')
on conflict (code) do update set
    name = excluded.name,
    used_on = excluded.used_on
where (target.name, target.used_on)
    is distinct from (excluded.name, excluded.used_on);

insert into rcm_master.payer_identifier as target
    (payer_code, kind_code, identifier)
values
    ('MEDICARE_A',     'claims',      'TSH10000'),
    ('MEDICARE_A',     'eligibility', 'TSE20000'),
    ('MEDICARE_A',     'remittance',  'TSR30000'),
    ('MEDICARE_B',     'claims',      'TSH10037'),
    ('MEDICARE_DME',   'claims',      'TSH10074'),
    ('MEDICARE_DME',   'eligibility', 'TSE20082'),
    ('MEDICAID_NC',    'claims',      'TSH10111'),
    ('MEDICAID_TX',    'claims',      'TSH10148'),
    ('MEDICAID_TX',    'eligibility', 'TSE20164'),
    ('MEDICAID_TX',    'remittance',  'TSR30172'),
    ('MEDICAID_CA',    'claims',      'TSH10185'),
    ('MEDICAID_FL',    'claims',      'TSH10222'),
    ('MEDICAID_FL',    'eligibility', 'TSE20246'),
    ('MEDICAID_NY',    'claims',      'TSH10259'),
    ('AETNA',          'claims',      'TSH10296'),
    ('AETNA',          'eligibility', 'TSE20328'),
    ('AETNA',          'remittance',  'TSR30344'),
    ('CIGNA',          'claims',      'TSH10333'),
    ('UHC',            'claims',      'TSH10370'),
    ('UHC',            'eligibility', 'TSE20410'),
    ('ANTHEM',         'claims',      'TSH10407'),
    ('BCBS_NC',        'claims',      'TSH10444'),
    ('BCBS_NC',        'eligibility', 'TSE20492'),
    ('BCBS_NC',        'remittance',  'TSR30516'),
    ('BCBS_TX',        'claims',      'TSH10481'),
    ('BSCA',           'claims',      'TSH10518'),
    ('BSCA',           'eligibility', 'TSE20574'),
    ('KAISER_CA',      'claims',      'TSH10555'),
    ('HUMANA',         'claims',      'TSH10592'),
    ('HUMANA',         'eligibility', 'TSE20656'),
    ('HUMANA',         'remittance',  'TSR30688'),
    ('CENTENE',        'claims',      'TSH10629'),
    ('AMBETTER',       'claims',      'TSH10666'),
    ('AMBETTER',       'eligibility', 'TSE20738'),
    ('OPTUM_BH',       'claims',      'TSH10703'),
    ('UHC_MA',         'claims',      'TSH10740'),
    ('UHC_MA',         'eligibility', 'TSE20820'),
    ('UHC_MA',         'remittance',  'TSR30860'),
    ('HUMANA_MA',      'claims',      'TSH10777'),
    ('AETNA_MA',       'claims',      'TSH10814'),
    ('AETNA_MA',       'eligibility', 'TSE20902'),
    ('MOLINA',         'claims',      'TSH10851'),
    ('WELLCARE_MCD',   'claims',      'TSH10888'),
    ('WELLCARE_MCD',   'eligibility', 'TSE20984'),
    ('WELLCARE_MCD',   'remittance',  'TSR31032'),
    ('UHC_COMMUNITY',  'claims',      'TSH10925'),
    ('DELTA_DENTAL',   'claims',      'TSH10962'),
    ('DELTA_DENTAL',   'eligibility', 'TSE21066'),
    ('METLIFE_DENTAL', 'claims',      'TSH10999'),
    ('CIGNA_DENTAL',   'claims',      'TSH11036'),
    ('CIGNA_DENTAL',   'eligibility', 'TSE21148'),
    ('CIGNA_DENTAL',   'remittance',  'TSR31204'),
    ('TRICARE_EAST',   'claims',      'TSH11073'),
    ('TRICARE_WEST',   'claims',      'TSH11110'),
    ('TRICARE_WEST',   'eligibility', 'TSE21230'),
    ('CHAMPVA',        'claims',      'TSH11147'),
    ('VA_CCN',         'claims',      'TSH11184'),
    ('VA_CCN',         'eligibility', 'TSE21312'),
    ('VA_CCN',         'remittance',  'TSR31376'),
    ('STATE_FUND_CA',  'claims',      'TSH11221'),
    ('LIBERTY_WC',     'claims',      'TSH11295')
on conflict (payer_code, kind_code) do update set
    identifier = excluded.identifier
where target.identifier is distinct from excluded.identifier;
