-- tenantsh: seed
-- fills: rcm_master.vertical
-- The seven lines of business.

insert into rcm_master.vertical as target
    (code, name, claim_form, description)
values
    ('professional',      'Professional',      '837P', 'Physicians and other practitioners'),
    ('institutional',     'Institutional',     '837I', 'Hospitals and other facilities'),
    ('dental',            'Dental',            '837D', 'Dentists and oral surgeons'),
    ('behavioral_health', 'Behavioral health', '837P', 'Mental health and substance use'),
    ('dme',               'Medical equipment', '837P', 'Equipment, supplies, orthotics, prosthetics'),
    ('home_health',       'Home health',       '837I', 'Agencies that send nurses, therapists and aides'),
    ('transport',         'Transport',         '837P', 'Ambulance and non-emergency trips')
on conflict (code) do update set
    name = excluded.name,
    claim_form = excluded.claim_form,
    description = excluded.description
where (target.name, target.claim_form, target.description)
    is distinct from (excluded.name, excluded.claim_form, excluded.description);
