-- tenantsh: seed
-- fills: reference.remark_code
-- A remark refines a reason; the last column is what works off the denial.

insert into reference.remark_code as target
    (code, wording, usual_reason_code, next_action)
values
    ('M15',   'Separately billed parts belong to one payment', '97',  'Check the edit pair; append a distinct-service modifier only when the chart shows it'),
    ('M20',   'Procedure code missing or invalid', '16',  'Correct the code and send a replacement claim'),
    ('M51',   'Procedure code incomplete', '16',  'Look the code up for the date of service'),
    ('M76',   'Diagnosis missing or invalid', '16',  'Code to the highest specificity and resubmit'),
    ('M80',   'Not covered together with another service of that day', '97',  'Review both lines against the chart'),
    ('MA04',  'Primary payers decision is missing, so secondary cannot decide', '22',  'Attach the primary remittance'),
    ('MA130', 'Claim cannot be processed as sent and has no appeal right', '16',  'Send a new claim, not an appeal'),
    ('N30',   'Patient not eligible for this service', '204', 'Check eligibility for the date and bill the right party'),
    ('N115',  'Decision follows a local coverage determination', '50',  'Compare the record with the determination; appeal with notes'),
    ('N130',  'See the plan document for limits of this benefit', '119', 'Read the limits; bill the patient when they agreed to it'),
    ('N290',  'Rendering provider identifier missing or wrong', '16',  'Check enrolment and the identifier'),
    ('N362',  'Days or units above the acceptable maximum', '151', 'Split by date or reduce to the documented units'),
    ('N522',  'Copy of a claim already decided or in progress', '18',  'Look for the first claim before anything else'),
    ('N706',  'Documentation missing', '16',  'Send the records asked for within the time limit'),
    ('N830',  'Dispute rules for surprise bills apply', null,  'Follow the open-negotiation timetable')
on conflict (code) do update set
    wording = excluded.wording,
    usual_reason_code = excluded.usual_reason_code,
    next_action = excluded.next_action
where (target.wording, target.usual_reason_code, target.next_action)
    is distinct from (excluded.wording, excluded.usual_reason_code, excluded.next_action);
