-- tenantsh: seed
-- fills: rcm_master.institutional_billing_rule
-- Checked before a claim leaves, lowest precedence first.

insert into rcm_master.institutional_billing_rule as target
    (code, type_of_bill_code, revenue_code, condition_code, occurrence_code, value_code, requirement, message, precedence)
values
    ('INPATIENT_ROOM',          '0111', '0120', null, null, null, 'required',  'An inpatient stay needs a room line', 10),
    ('INPATIENT_DAYS',          '0111', null,   null, null, '80', 'required',  'State the covered days', 20),
    ('INTERIM_NO_DISCHARGE',    '0112', null,   null, '42', null, 'forbidden', 'The first claim of a series has no discharge date', 30),
    ('OBSERVATION_NEEDS_UNITS', '0131', '0762', null, null, null, 'warning',   'Observation is billed in hours on one line', 40),
    ('REPLACEMENT_SAYS_WHY',    '0117', null,   'D1', null, null, 'required',  'A replacement says what changed', 15),
    ('HOME_HEALTH_GROUP',       '0329', '0023', null, null, null, 'required',  'The final home health claim carries its payment group', 10),
    ('HOME_HEALTH_AREA',        '0329', null,   null, null, '61', 'required',  'State where the visits took place', 20),
    ('ACCIDENT_AT_WORK',        '0131', null,   '02', '04', null, 'warning',   'A work injury goes to workers compensation first', 50),
    ('CLINIC_VISIT_LINE',       '0771', '0521', null, null, null, 'required',  'A federally qualified clinic bills its visit line', 10),
    ('PARTIAL_HOSPITALIZATION', '0131', '0912', '41', null, null, 'required',  'Partial hospitalization is marked on the claim', 25)
on conflict (code) do update set
    type_of_bill_code = excluded.type_of_bill_code,
    revenue_code = excluded.revenue_code,
    condition_code = excluded.condition_code,
    occurrence_code = excluded.occurrence_code,
    value_code = excluded.value_code,
    requirement = excluded.requirement,
    message = excluded.message,
    precedence = excluded.precedence
where (target.type_of_bill_code, target.revenue_code, target.condition_code, target.occurrence_code, target.value_code, target.requirement, target.message, target.precedence)
    is distinct from (excluded.type_of_bill_code, excluded.revenue_code, excluded.condition_code, excluded.occurrence_code, excluded.value_code, excluded.requirement, excluded.message, excluded.precedence);
