-- tenantsh: seed
-- fills: rcm_master.payer_filing_limit
-- Usual limits; a contract that says otherwise is entered by the tenant.

insert into rcm_master.payer_filing_limit as target
    (payer_code, vertical_code, claim_days, corrected_days, appeal_days)
values
    ('MEDICARE_B',   'professional',      365, 365, 120),
    ('MEDICARE_A',   'institutional',     365, 365, 120),
    ('MEDICARE_A',   'home_health',       365, 365, 120),
    ('MEDICARE_DME', 'dme',               365, 365, 120),
    ('MEDICARE_B',   'transport',         365, 365, 120),
    ('MEDICARE_B',   'behavioral_health', 365, 365, 120),
    ('MEDICAID_NC',  'professional',      365, 730, 60),
    ('MEDICAID_TX',  'professional',      95,  120, 120),
    ('MEDICAID_CA',  'institutional',     180, 365, 90),
    ('UHC',          'professional',      90,  180, 180),
    ('UHC',          'institutional',     90,  180, 180),
    ('AETNA',        'professional',      120, 180, 180),
    ('CIGNA',        'professional',      90,  180, 180),
    ('ANTHEM',       'professional',      90,  180, 180),
    ('OPTUM_BH',     'behavioral_health', 90,  180, 180),
    ('HUMANA',       'dme',               180, 365, 180),
    ('DELTA_DENTAL', 'dental',            365, 365, 180),
    ('TRICARE_EAST', 'professional',      365, 365, 90),
    ('MOLINA',       'transport',         120, 180, 90)
on conflict (payer_code, vertical_code) do update set
    claim_days = excluded.claim_days,
    corrected_days = excluded.corrected_days,
    appeal_days = excluded.appeal_days
where (target.claim_days, target.corrected_days, target.appeal_days)
    is distinct from (excluded.claim_days, excluded.corrected_days, excluded.appeal_days);
