-- tenantsh: seed
-- fills: claims.status
-- Positions leave room for stations in between.

insert into claims.status as target
    (code, name, position, is_open)
values
    ('draft',     'Draft',                 10, true),
    ('ready',     'Ready to send',         20, true),
    ('submitted', 'Sent',                  30, true),
    ('accepted',  'Accepted by the payer', 40, true),
    ('paid',      'Paid',                  50, false),
    ('denied',    'Denied',                60, true),
    ('appealed',  'Appealed',              70, true),
    ('closed',    'Closed',                90, false),
    ('void',      'Void',                  99, false)
on conflict (code) do update set
    name = excluded.name,
    position = excluded.position,
    is_open = excluded.is_open
where (target.name, target.position, target.is_open)
    is distinct from (excluded.name, excluded.position, excluded.is_open);
