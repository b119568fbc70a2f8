-- tenantsh: seed
-- fills: rcm_master.edit_rationale, rcm_master.cci_edit
-- Shared by pair edits and unit edits.
-- A starting set for tests and demonstrations; CMS publishes the full pairs every quarter.

insert into rcm_master.edit_rationale as target
    (code, name, cure)
values
    ('more_extensive',      'The other service includes this one',    'Bill the larger service alone'),
    ('mutually_exclusive',  'Both cannot happen in one encounter',    'Keep what the chart shows'),
    ('standard_practice',   'Part of doing the other service',        'Write it off'),
    ('misuse',              'Code is not meant to go with the other', 'Recode'),
    ('nature_of_service',   'One per day by what it is',              'Split by date only if there were two days'),
    ('nature_of_equipment', 'One item per patient',                   'Correct the units'),
    ('prescribing',         'Dose limit of the label',                'Send the dosing record'),
    ('policy',              'Limit set by a coverage policy',         'Appeal with the order and notes')
on conflict (code) do update set
    name = excluded.name,
    cure = excluded.cure
where (target.name, target.cure)
    is distinct from (excluded.name, excluded.cure);

insert into rcm_master.cci_edit as target
    (column_one_code, column_two_code, modifier_indicator, rationale_code, effective_from, effective_to)
values
    ('A0427', 'A0429', 0, 'mutually_exclusive', '2024-01-01', null),
    ('A0433', 'A0427', 0, 'more_extensive',     '2024-01-01', null),
    ('A0434', 'A0433', 0, 'mutually_exclusive', '2024-01-01', null),
    ('G0402', 'G0438', 0, 'mutually_exclusive', '2024-01-01', null),
    ('G0438', 'G0439', 0, 'mutually_exclusive', '2024-01-01', null),
    ('G0402', 'G0444', 1, 'standard_practice',  '2024-01-01', null),
    ('G0105', 'G0121', 0, 'mutually_exclusive', '2024-01-01', null),
    ('G0410', 'G0176', 1, 'standard_practice',  '2024-01-01', null),
    ('H0015', 'H0005', 1, 'more_extensive',     '2024-01-01', null),
    ('S9480', 'H0004', 1, 'more_extensive',     '2024-01-01', null),
    ('E0431', 'K0738', 0, 'misuse',             '2024-01-01', null),
    ('K0003', 'K0001', 0, 'mutually_exclusive', '2024-01-01', null),
    ('G0299', 'G0300', 1, 'more_extensive',     '2024-01-01', null),
    ('G0156', 'T1019', 1, 'misuse',             '2024-01-01', null),
    ('T1015', 'G0463', 0, 'misuse',             '2024-01-01', null),
    ('G0101', 'G0447', 9, 'standard_practice',  '2024-01-01', '2024-12-31')
on conflict (column_one_code, column_two_code, effective_from) do update set
    modifier_indicator = excluded.modifier_indicator,
    rationale_code = excluded.rationale_code,
    effective_to = excluded.effective_to
where (target.modifier_indicator, target.rationale_code, target.effective_to)
    is distinct from (excluded.modifier_indicator, excluded.rationale_code, excluded.effective_to);
