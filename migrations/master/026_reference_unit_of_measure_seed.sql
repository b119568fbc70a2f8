-- tenantsh: seed
-- fills: reference.unit_of_measure
-- The qualifiers of the claim formats that we bill, with the time units split by length.

insert into reference.unit_of_measure as target
    (code, name, minutes)
values
    ('UN',   'Unit or item',                null),
    ('M15',  'Quarter of an hour',          15),
    ('M30',  'Half an hour',                30),
    ('HR',   'Hour',                        60),
    ('DA',   'Day',                         1440),
    ('VIS',  'Visit or session',            null),
    ('MI',   'Statute mile',                null),
    ('TRIP', 'One-way trip',                null),
    ('MO',   'Month of rental',             null),
    ('DOSE', 'Dose as the code defines it', null)
on conflict (code) do update set
    name = excluded.name,
    minutes = excluded.minutes
where (target.name, target.minutes)
    is distinct from (excluded.name, excluded.minutes);
