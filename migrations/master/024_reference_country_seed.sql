-- tenantsh: seed
-- fills: reference.currency, reference.country
-- Countries that a member can live in without a foreign-claims desk, and their money.

insert into reference.currency as target
    (code, name, minor_digits)
values
    ('USD', 'US dollar',       2),
    ('CAD', 'Canadian dollar', 2),
    ('MXN', 'Mexican peso',    2),
    ('EUR', 'Euro',            2)
on conflict (code) do update set
    name = excluded.name,
    minor_digits = excluded.minor_digits
where (target.name, target.minor_digits)
    is distinct from (excluded.name, excluded.minor_digits);

insert into reference.country as target
    (code, name, currency_code)
values
    ('US', 'United States', 'USD'),
    ('CA', 'Canada',        'CAD'),
    ('MX', 'Mexico',        'MXN'),
    ('IE', 'Ireland',       'EUR')
on conflict (code) do update set
    name = excluded.name,
    currency_code = excluded.currency_code
where (target.name, target.currency_code)
    is distinct from (excluded.name, excluded.currency_code);
