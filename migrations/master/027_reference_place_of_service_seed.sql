-- tenantsh: seed
-- fills: reference.place_of_service
-- CMS keeps this list; the names are shortened.

insert into reference.place_of_service as target
    (code, name, is_facility, is_telehealth)
values
    ('02', 'Telehealth, patient elsewhere than at home', false, true),
    ('10', 'Telehealth, patient at home',                false, true),
    ('11', 'Office',                                     false, false),
    ('12', 'Patients home',                              false, false),
    ('13', 'Assisted living',                            false, false),
    ('19', 'Outpatient department away from the campus', true,  false),
    ('20', 'Urgent care',                                false, false),
    ('21', 'Hospital, inpatient',                        true,  false),
    ('22', 'Hospital, outpatient on the campus',         true,  false),
    ('23', 'Hospital, emergency room',                   true,  false),
    ('24', 'Ambulatory surgical center',                 true,  false),
    ('31', 'Skilled nursing facility, covered stay',     true,  false),
    ('32', 'Nursing facility, long term',                false, false),
    ('41', 'Ambulance, land',                            true,  false),
    ('42', 'Ambulance, air or water',                    true,  false),
    ('50', 'Federally qualified health center',          false, false),
    ('51', 'Inpatient psychiatric facility',             true,  false),
    ('52', 'Partial hospitalization, psychiatric',       true,  false),
    ('53', 'Community mental health center',             true,  false),
    ('55', 'Residential substance use treatment',        false, false),
    ('65', 'Dialysis facility',                          false, false),
    ('72', 'Rural health clinic',                        false, false),
    ('81', 'Independent laboratory',                     false, false),
    ('99', 'Other place',                                false, false)
on conflict (code) do update set
    name = excluded.name,
    is_facility = excluded.is_facility,
    is_telehealth = excluded.is_telehealth
where (target.name, target.is_facility, target.is_telehealth)
    is distinct from (excluded.name, excluded.is_facility, excluded.is_telehealth);
