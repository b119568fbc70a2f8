-- tenantsh: seed
-- fills: rcm_master.bill_facility, rcm_master.bill_care, rcm_master.bill_frequency, rcm_master.type_of_bill
-- The digits mean the same everywhere except that clinics and special facilities reuse the third one.

insert into rcm_master.bill_facility as target
    (digit, name)
values
    ('1', 'Hospital'),
    ('2', 'Skilled nursing facility'),
    ('3', 'Home health agency'),
    ('7', 'Clinic'),
    ('8', 'Special facility')
on conflict (digit) do update set
    name = excluded.name
where target.name is distinct from excluded.name;

insert into rcm_master.bill_care as target
    (digit, name, is_inpatient)
values
    ('1', 'Inpatient, or rural health at a clinic', true),
    ('2', 'Inpatient without Part A, or home health under a plan', true),
    ('3', 'Outpatient, or ambulatory surgery', false),
    ('4', 'Laboratory for non-patients', false),
    ('5', 'Critical access hospital', false),
    ('7', 'Federally qualified health center', false)
on conflict (digit) do update set
    name = excluded.name,
    is_inpatient = excluded.is_inpatient
where (target.name, target.is_inpatient)
    is distinct from (excluded.name, excluded.is_inpatient);

insert into rcm_master.bill_frequency as target
    (digit, name, needs_prior_claim)
values
    ('1', 'Admission through discharge',   false),
    ('2', 'First of a series',             false),
    ('3', 'Continuing',                    true),
    ('4', 'Last of a series',              true),
    ('7', 'Replaces a claim',              true),
    ('8', 'Voids a claim',                 true),
    ('9', 'Final of a home health period', true)
on conflict (digit) do update set
    name = excluded.name,
    needs_prior_claim = excluded.needs_prior_claim
where (target.name, target.needs_prior_claim)
    is distinct from (excluded.name, excluded.needs_prior_claim);

insert into rcm_master.type_of_bill as target
    (code, facility_digit, care_digit, frequency_digit, name)
values
    ('0111', '1', '1', '1', 'Hospital inpatient, whole stay'),
    ('0112', '1', '1', '2', 'Hospital inpatient, first of several'),
    ('0113', '1', '1', '3', 'Hospital inpatient, in between'),
    ('0114', '1', '1', '4', 'Hospital inpatient, last of several'),
    ('0117', '1', '1', '7', 'Hospital inpatient, replacement'),
    ('0118', '1', '1', '8', 'Hospital inpatient, void'),
    ('0121', '1', '2', '1', 'Hospital, inpatient without Part A'),
    ('0131', '1', '3', '1', 'Hospital outpatient'),
    ('0137', '1', '3', '7', 'Hospital outpatient, replacement'),
    ('0141', '1', '4', '1', 'Hospital, laboratory for non-patients'),
    ('0211', '2', '1', '1', 'Skilled nursing, whole stay'),
    ('0221', '2', '2', '1', 'Skilled nursing, inpatient without Part A'),
    ('0322', '3', '2', '2', 'Home health, first of several'),
    ('0329', '3', '2', '9', 'Home health, final claim'),
    ('0711', '7', '1', '1', 'Rural health clinic'),
    ('0771', '7', '7', '1', 'Federally qualified health center'),
    ('0831', '8', '3', '1', 'Ambulatory surgery in a hospital'),
    ('0851', '8', '5', '1', 'Critical access hospital outpatient')
on conflict (code) do update set
    facility_digit = excluded.facility_digit,
    care_digit = excluded.care_digit,
    frequency_digit = excluded.frequency_digit,
    name = excluded.name
where (target.facility_digit, target.care_digit, target.frequency_digit, target.name)
    is distinct from (excluded.facility_digit, excluded.care_digit, excluded.frequency_digit, excluded.name);
