-- tenantsh: seed
-- fills: rcm_master.mue_edit
-- Same source and same caution as the pair edits.

insert into rcm_master.mue_edit as target
    (hcpcs_code, setting, max_units, adjudication_indicator, rationale_code, effective_from)
values
    ('A0427', 'practitioner', 2,   3, 'nature_of_service',   '2024-01-01'),
    ('A0425', 'practitioner', 400, 1, 'policy',              '2024-01-01'),
    ('G0402', 'practitioner', 1,   2, 'nature_of_service',   '2024-01-01'),
    ('G0438', 'practitioner', 1,   2, 'nature_of_service',   '2024-01-01'),
    ('G0463', 'outpatient',   4,   3, 'nature_of_service',   '2024-01-01'),
    ('G0378', 'outpatient',   72,  3, 'policy',              '2024-01-01'),
    ('G0108', 'practitioner', 6,   3, 'policy',              '2024-01-01'),
    ('J1885', 'practitioner', 8,   3, 'prescribing',         '2024-01-01'),
    ('J1745', 'outpatient',   150, 3, 'prescribing',         '2024-01-01'),
    ('J9035', 'outpatient',   170, 3, 'prescribing',         '2024-01-01'),
    ('E0601', 'equipment',    1,   2, 'nature_of_equipment', '2024-01-01'),
    ('E1390', 'equipment',    1,   2, 'nature_of_equipment', '2024-01-01'),
    ('A7030', 'equipment',    1,   3, 'policy',              '2024-01-01'),
    ('K0001', 'equipment',    1,   2, 'nature_of_equipment', '2024-01-01'),
    ('L4361', 'equipment',    2,   2, 'nature_of_equipment', '2024-01-01'),
    ('H0004', 'practitioner', 12,  3, 'policy',              '2024-01-01'),
    ('G0480', 'practitioner', 1,   2, 'nature_of_service',   '2024-01-01')
on conflict (hcpcs_code, setting, effective_from) do update set
    max_units = excluded.max_units,
    adjudication_indicator = excluded.adjudication_indicator,
    rationale_code = excluded.rationale_code
where (target.max_units, target.adjudication_indicator, target.rationale_code)
    is distinct from (excluded.max_units, excluded.adjudication_indicator, excluded.rationale_code);
