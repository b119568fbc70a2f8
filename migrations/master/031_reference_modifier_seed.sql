-- tenantsh: seed
-- fills: reference.modifier_kind, reference.modifier
-- Letters only at the front: the two-digit modifiers belong to CPT.

insert into reference.modifier_kind as target
    (code, name, changes_price)
values
    ('pricing',    'Changes what is paid', true),
    ('equipment',  'State and rental month of equipment', true),
    ('anatomy',    'Side or part of the body', false),
    ('coverage',   'Liability and coverage statement', false),
    ('therapy',    'Discipline of a therapy plan', false),
    ('telehealth', 'How a distant service was delivered', false),
    ('staff',      'Who delivered the service', true),
    ('program',    'Program or group setting', false),
    ('trip',       'Origin and destination of a trip, or how it was arranged', false),
    ('distinct',   'Separate from another service of the day', true),
    ('drug',       'Drug amount used or discarded', false)
on conflict (code) do update set
    name = excluded.name,
    changes_price = excluded.changes_price
where (target.name, target.changes_price)
    is distinct from (excluded.name, excluded.changes_price);

insert into reference.modifier as target
    (code, kind_code, name)
values
    ('RT', 'anatomy',    'Right side'),
    ('LT', 'anatomy',    'Left side'),
    ('TA', 'anatomy',    'Left foot, great toe'),
    ('FA', 'anatomy',    'Left hand, thumb'),
    ('GA', 'coverage',   'Signed liability notice on file, required'),
    ('GX', 'coverage',   'Liability notice given voluntarily'),
    ('GY', 'coverage',   'Excluded by law'),
    ('GZ', 'coverage',   'Denial expected, no notice on file'),
    ('KX', 'coverage',   'Requirements of the medical policy are met'),
    ('EY', 'coverage',   'No order by a practitioner'),
    ('GN', 'therapy',    'Speech-language plan of care'),
    ('GO', 'therapy',    'Occupational therapy plan of care'),
    ('GP', 'therapy',    'Physical therapy plan of care'),
    ('GT', 'telehealth', 'Interactive audio and video'),
    ('GQ', 'telehealth', 'Recorded and sent, not live'),
    ('NU', 'equipment',  'New equipment'),
    ('UE', 'equipment',  'Used equipment'),
    ('RR', 'equipment',  'Rental'),
    ('KH', 'equipment',  'First rental month or purchase'),
    ('KI', 'equipment',  'Second or third rental month'),
    ('KJ', 'equipment',  'Fourth to fifteenth rental month'),
    ('MS', 'equipment',  'Maintenance and servicing, six months'),
    ('AI', 'staff',      'Principal physician of record'),
    ('AS', 'staff',      'Assistant at surgery, not a physician'),
    ('GC', 'staff',      'Resident under a teaching physician'),
    ('SA', 'staff',      'Nurse practitioner with a physician'),
    ('CQ', 'staff',      'Physical therapist assistant'),
    ('CO', 'staff',      'Occupational therapy assistant'),
    ('TD', 'staff',      'Registered nurse'),
    ('TE', 'staff',      'Licensed practical nurse'),
    ('HO', 'staff',      'Master''s degree level'),
    ('HA', 'program',    'Child or adolescent program'),
    ('HE', 'program',    'Mental health program'),
    ('HF', 'program',    'Substance use program'),
    ('HQ', 'program',    'Group setting'),
    ('U1', 'program',    'Level of care 1, defined by the state'),
    ('TG', 'pricing',    'Complex or high level of care'),
    ('PO', 'pricing',    'Off-campus outpatient department, excepted'),
    ('PN', 'pricing',    'Off-campus outpatient department, not excepted'),
    ('CR', 'pricing',    'Catastrophe or disaster'),
    ('QM', 'trip',       'Ambulance under arrangement'),
    ('QN', 'trip',       'Ambulance furnished by the provider'),
    ('GM', 'trip',       'Several patients on one trip'),
    ('RH', 'trip',       'Residence to hospital'),
    ('HR', 'trip',       'Hospital to residence'),
    ('SH', 'trip',       'Scene to hospital'),
    ('RD', 'trip',       'Residence to a diagnostic or therapeutic site'),
    ('XE', 'distinct',   'Separate encounter'),
    ('XS', 'distinct',   'Separate structure'),
    ('XP', 'distinct',   'Separate practitioner'),
    ('XU', 'distinct',   'Unusual service that does not overlap'),
    ('JW', 'drug',       'Amount discarded'),
    ('JZ', 'drug',       'Nothing discarded')
on conflict (code) do update set
    kind_code = excluded.kind_code,
    name = excluded.name
where (target.kind_code, target.name)
    is distinct from (excluded.kind_code, excluded.name);
