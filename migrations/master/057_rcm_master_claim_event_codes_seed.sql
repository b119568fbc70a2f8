-- tenantsh: seed
-- fills: rcm_master.condition_code, rcm_master.occurrence_code, rcm_master.value_code
-- The codes that the billing rules look at, and their nearest neighbours.

insert into rcm_master.condition_code as target
    (code, meaning, effect)
values
    ('02', 'Illness or injury comes from work', 'Workers compensation is asked first'),
    ('06', 'Kidney failure, first 30 months under a group plan', 'The group plan pays first'),
    ('09', 'Neither patient nor spouse is employed', 'Medicare pays first'),
    ('28', 'Employer plan is secondary, fewer than 20 employees', 'Medicare pays first'),
    ('29', 'Disabled, family plan with fewer than 100 employees', 'Medicare pays first'),
    ('41', 'Partial hospitalization', 'Paid per day'),
    ('44', 'Inpatient order changed to outpatient', 'Billed as outpatient'),
    ('D0', 'Service dates changed', 'Replacement claim'),
    ('D1', 'Charges changed', 'Replacement claim')
on conflict (code) do update set
    meaning = excluded.meaning,
    effect = excluded.effect
where (target.meaning, target.effect)
    is distinct from (excluded.meaning, excluded.effect);

insert into rcm_master.occurrence_code as target
    (code, meaning, is_span)
values
    ('01', 'Accident, medical coverage', false),
    ('04', 'Accident at work', false),
    ('05', 'Accident, no liability known', false),
    ('11', 'Symptoms began', false),
    ('18', 'Patient retired', false),
    ('19', 'Spouse retired', false),
    ('24', 'Insurer denied', false),
    ('33', 'First day of the kidney-failure coordination period', false),
    ('42', 'Discharged', false),
    ('72', 'First and last visit', true),
    ('74', 'Leave from the facility', true),
    ('77', 'Days the provider is liable for', true)
on conflict (code) do update set
    meaning = excluded.meaning,
    is_span = excluded.is_span
where (target.meaning, target.is_span)
    is distinct from (excluded.meaning, excluded.is_span);

insert into rcm_master.value_code as target
    (code, meaning, measure, currency_code)
values
    ('12', 'Paid by the employer plan, aged patient',      'amount', 'USD'),
    ('13', 'Paid by the employer plan, kidney failure',    'amount', 'USD'),
    ('14', 'Paid by no-fault',                             'amount', 'USD'),
    ('15', 'Paid by workers compensation',                 'amount', 'USD'),
    ('43', 'Paid by a large group plan, disabled patient', 'amount', 'USD'),
    ('50', 'Physical therapy visits so far',               'count',  null),
    ('61', 'Area where home health was given',             'code',   null),
    ('80', 'Covered days',                                 'count',  null),
    ('A8', 'Patient weight in kilograms',                  'count',  null)
on conflict (code) do update set
    meaning = excluded.meaning,
    measure = excluded.measure,
    currency_code = excluded.currency_code
where (target.meaning, target.measure, target.currency_code)
    is distinct from (excluded.meaning, excluded.measure, excluded.currency_code);
