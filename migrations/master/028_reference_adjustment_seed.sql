-- tenantsh: seed
-- fills: reference.adjustment_group, reference.adjustment_reason
-- Code numbers as used on the 835; the wording is ours and says what happened.

insert into reference.adjustment_group as target
    (code, name, patient_is_owed)
values
    ('CO', 'Contract: the provider writes it off',        false),
    ('PR', 'Patient pays it',                             true),
    ('OA', 'Other: neither side is blamed',               false),
    ('PI', 'Payers own reduction, no contract behind it', false)
on conflict (code) do update set
    name = excluded.name,
    patient_is_owed = excluded.patient_is_owed
where (target.name, target.patient_is_owed)
    is distinct from (excluded.name, excluded.patient_is_owed);

insert into reference.adjustment_reason as target
    (code, wording, usual_group_code, is_denial)
values
    ('1',   'Goes to the deductible', 'PR', false),
    ('2',   'Goes to the coinsurance', 'PR', false),
    ('3',   'Goes to the copayment', 'PR', false),
    ('4',   'Procedure and modifier do not fit each other, or one is missing', 'CO', true),
    ('11',  'Diagnosis does not support the procedure', 'CO', true),
    ('16',  'Something needed to decide the claim is missing or wrong', 'CO', true),
    ('18',  'Same claim was already decided', 'OA', true),
    ('22',  'Another payer should pay first', 'CO', true),
    ('23',  'Effect of what an earlier payer paid or adjusted', 'OA', false),
    ('24',  'Covered under a capitation arrangement', 'CO', true),
    ('26',  'Service before coverage began', 'PR', true),
    ('27',  'Service after coverage ended', 'PR', true),
    ('29',  'Filed too late', 'CO', true),
    ('31',  'Person not found as insured', 'PR', true),
    ('45',  'Charge is above the agreed or allowed amount', 'CO', false),
    ('50',  'Payer does not see it as medically necessary', 'CO', true),
    ('59',  'Reduced because several procedures were done together', 'CO', false),
    ('96',  'Not a covered charge', 'PR', true),
    ('97',  'Paid as part of another service', 'CO', true),
    ('109', 'Sent to the wrong payer', 'CO', true),
    ('119', 'Benefit maximum for the period is used up', 'PR', true),
    ('151', 'More units or visits than the record supports', 'CO', true),
    ('197', 'No authorization on file', 'CO', true),
    ('204', 'Not in this patients plan', 'PR', true),
    ('253', 'Federal sequestration cut', 'CO', false)
on conflict (code) do update set
    wording = excluded.wording,
    usual_group_code = excluded.usual_group_code,
    is_denial = excluded.is_denial
where (target.wording, target.usual_group_code, target.is_denial)
    is distinct from (excluded.wording, excluded.usual_group_code, excluded.is_denial);
