-- tenantsh: seed
-- fills: rcm_master.cob_method, rcm_master.cob_order_rule, rcm_master.cob_payment_rule
-- After the model regulation of the insurance commissioners, in plain words.

insert into rcm_master.cob_method as target
    (code, name, description)
values
    ('standard',        'Standard',        'Pays up to its own allowed amount, but not more than what is left of it'),
    ('non_duplication', 'Non-duplication', 'Pays the difference between its own benefit and what the first payer paid'),
    ('carve_out',       'Carve-out',       'Takes the first payers payment off its own benefit before cost sharing'),
    ('lesser_of',       'Lesser of',       'Pays the smaller of patient responsibility and its fee less the first payment'),
    ('medigap',         'Supplement',      'Pays the patients share that Medicare left')
on conflict (code) do update set
    name = excluded.name,
    description = excluded.description
where (target.name, target.description)
    is distinct from (excluded.name, excluded.description);

insert into rcm_master.cob_order_rule as target
    (code, precedence, relationship_code, applies_when, pays_first)
values
    ('LIABILITY',             10, null, 'The care follows an accident or a work injury', 'The liability or compensation insurer'),
    ('NO_COB_CLAUSE',         20, null, 'One plan has no coordination clause', 'The plan without the clause'),
    ('NON_DEPENDENT',         30, '18', 'The person is covered by one plan as self and by the other as dependent', 'The plan that covers the person as self'),
    ('SPOUSE_OWN_PLAN',       35, '01', 'Both spouses have a plan of their own', 'Each ones own plan'),
    ('BIRTHDAY',              40, '19', 'A child is covered by both parents, who live together', 'The parent whose birthday is earlier in the year'),
    ('COURT_DECREE',          45, '19', 'A court has said which parent insures the child', 'The parent named by the court'),
    ('ACTIVE_BEFORE_RETIRED', 50, null, 'One plan comes from present work, the other from former work', 'The plan from present work'),
    ('CONTINUATION',          60, null, 'One plan is a continuation after a job ended', 'The other plan'),
    ('LONGER',                70, null, 'Nothing else decides', 'The plan that has covered the person longer'),
    ('MEDICAID_LAST',         80, null, 'One plan is Medicaid', 'The other plan')
on conflict (code) do update set
    precedence = excluded.precedence,
    relationship_code = excluded.relationship_code,
    applies_when = excluded.applies_when,
    pays_first = excluded.pays_first
where (target.precedence, target.relationship_code, target.applies_when, target.pays_first)
    is distinct from (excluded.precedence, excluded.relationship_code, excluded.applies_when, excluded.pays_first);

insert into rcm_master.cob_payment_rule as target
    (payer_type_code, cob_method_code, needs_primary_remit, crossover)
values
    ('medicare',           'lesser_of',       true, false),
    ('medicare_advantage', 'carve_out',       true, false),
    ('medicaid',           'lesser_of',       true, true),
    ('medicaid_managed',   'lesser_of',       true, false),
    ('commercial',         'standard',        true, false),
    ('dental_carrier',     'non_duplication', true, false),
    ('military',           'medigap',         true, true)
on conflict (payer_type_code) do update set
    cob_method_code = excluded.cob_method_code,
    needs_primary_remit = excluded.needs_primary_remit,
    crossover = excluded.crossover
where (target.cob_method_code, target.needs_primary_remit, target.crossover)
    is distinct from (excluded.cob_method_code, excluded.needs_primary_remit, excluded.crossover);
