-- tenantsh: seed
-- fills: rcm_master.medicare_entitlement, rcm_master.group_size_rule
-- From 42 CFR part 411, subparts E to H.

insert into rcm_master.medicare_entitlement as target
    (code, name, basis)
values
    ('aged',     'Aged',           '65 or older'),
    ('disabled', 'Disabled',       'Under 65, after 24 months of disability benefits'),
    ('esrd',     'Kidney failure', 'Any age, on dialysis or transplanted')
on conflict (code) do update set
    name = excluded.name,
    basis = excluded.basis
where (target.name, target.basis)
    is distinct from (excluded.name, excluded.basis);

insert into rcm_master.group_size_rule as target
    (code, entitlement_code, minimum_employees, maximum_employees, multi_employer_counts, group_plan_pays, coordination_months, citation)
values
    ('AGED_20_PLUS',       'aged',     20,  null, true,  'first',  null, '42 CFR 411.170'),
    ('AGED_UNDER_20',      'aged',     1,   19,   false, 'second', null, '42 CFR 411.170'),
    ('DISABLED_100_PLUS',  'disabled', 100, null, true,  'first',  null, '42 CFR 411.201'),
    ('DISABLED_UNDER_100', 'disabled', 1,   99,   false, 'second', null, '42 CFR 411.201'),
    ('ESRD_ANY_SIZE',      'esrd',     1,   null, false, 'first',  30,   '42 CFR 411.161')
on conflict (code) do update set
    entitlement_code = excluded.entitlement_code,
    minimum_employees = excluded.minimum_employees,
    maximum_employees = excluded.maximum_employees,
    multi_employer_counts = excluded.multi_employer_counts,
    group_plan_pays = excluded.group_plan_pays,
    coordination_months = excluded.coordination_months,
    citation = excluded.citation
where (target.entitlement_code, target.minimum_employees, target.maximum_employees, target.multi_employer_counts, target.group_plan_pays, target.coordination_months, target.citation)
    is distinct from (excluded.entitlement_code, excluded.minimum_employees, excluded.maximum_employees, excluded.multi_employer_counts, excluded.group_plan_pays, excluded.coordination_months, excluded.citation);
