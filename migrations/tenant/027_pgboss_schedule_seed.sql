-- tenantsh: seed
-- fills: pgboss.version, pgboss.schedule
-- What the application runs by the clock; times are UTC.

insert into pgboss.version as target
    (version)
values
    (24)
on conflict (version) do nothing;

insert into pgboss.schedule as target
    (name, cron, timezone, options)
values
    ('eligibility.refresh', '0 5 * * *',          'UTC', '{"retryLimit": 3}'),
    ('claims.submit',       '*/10 11-23 * * 1-5', 'UTC', '{"singletonKey": "submit"}'),
    ('remits.import',       '15 * * * *',         'UTC', '{"retryBackoff": true}'),
    ('queue.maintain',      '0 3 * * *',          'UTC', '{}')
on conflict (name) do update set
    cron = excluded.cron,
    timezone = excluded.timezone,
    options = excluded.options
where (target.cron, target.timezone, target.options)
    is distinct from (excluded.cron, excluded.timezone, excluded.options);
