-- tenantsh: seed
-- fills: rcm_master.coverage_basis, rcm_master.medicare_primary_matrix
-- One row per answer at the front desk; insurance types are those of the claims other-payer loop.

insert into rcm_master.coverage_basis as target
    (code, name, by_current_employment)
values
    ('own_work',     'Own present employment',              true),
    ('spouse_work',  'Spouses present employment',          true),
    ('family_work',  'A family members present employment', true),
    ('retiree',      'Retiree plan',                        false),
    ('cobra',        'Continuation coverage',               false),
    ('workers_comp', 'Workers compensation',                false),
    ('no_fault',     'No-fault or liability',               false),
    ('veterans',     'Veterans benefits',                   false),
    ('medicaid',     'Medicaid',                            false)
on conflict (code) do update set
    name = excluded.name,
    by_current_employment = excluded.by_current_employment
where (target.name, target.by_current_employment)
    is distinct from (excluded.name, excluded.by_current_employment);

insert into rcm_master.medicare_primary_matrix as target
    (entitlement_code, coverage_basis_code, position, group_size_rule_code, pays_first, insurance_type_code, question)
values
    ('aged',     'own_work',     1, 'AGED_20_PLUS',       'other',    '12', 'Do you work, and has your employer 20 or more people?'),
    ('aged',     'own_work',     2, 'AGED_UNDER_20',      'medicare', '12', 'Do you work for an employer with fewer than 20 people?'),
    ('aged',     'spouse_work',  1, 'AGED_20_PLUS',       'other',    '12', 'Does your spouse work for an employer with 20 or more people?'),
    ('aged',     'spouse_work',  2, 'AGED_UNDER_20',      'medicare', '12', 'Does your spouse work for a smaller employer?'),
    ('aged',     'retiree',      1, null,                 'medicare', 'MB', 'Is the other plan from a former job?'),
    ('aged',     'cobra',        1, null,                 'medicare', 'MB', 'Is the other plan a continuation?'),
    ('disabled', 'family_work',  1, 'DISABLED_100_PLUS',  'other',    '43', 'Does anyone in the family work for an employer with 100 or more people?'),
    ('disabled', 'family_work',  2, 'DISABLED_UNDER_100', 'medicare', '43', 'Is that employer smaller?'),
    ('esrd',     'own_work',     1, 'ESRD_ANY_SIZE',      'other',    '13', 'Are you within the first 30 months of kidney-failure Medicare?'),
    ('esrd',     'cobra',        1, 'ESRD_ANY_SIZE',      'other',    '13', 'Within those 30 months, is there continuation coverage?'),
    ('aged',     'workers_comp', 1, null,                 'other',    '15', 'Is this care for an injury or illness from work?'),
    ('aged',     'no_fault',     1, null,                 'other',    '14', 'Is this care for an accident?'),
    ('aged',     'veterans',     1, null,                 'other',    '42', 'Did the veterans administration authorize this care?'),
    ('aged',     'medicaid',     1, null,                 'medicare', 'MB', 'Do you have Medicaid too?')
on conflict (entitlement_code, coverage_basis_code, position) do update set
    group_size_rule_code = excluded.group_size_rule_code,
    pays_first = excluded.pays_first,
    insurance_type_code = excluded.insurance_type_code,
    question = excluded.question
where (target.group_size_rule_code, target.pays_first, target.insurance_type_code, target.question)
    is distinct from (excluded.group_size_rule_code, excluded.pays_first, excluded.insurance_type_code, excluded.question);
