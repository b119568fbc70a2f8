create table pgboss.schedule (
    name       text        not null,
    cron       text        not null,
    timezone   text        not null default 'UTC',
    data       jsonb,
    options    jsonb       not null default '{}',
    created_on timestamptz not null default now(),
    updated_on timestamptz not null default now(),
    constraint pk_schedule primary key (name),
    constraint ck_schedule_cron check (cron ~ '^([^ ]+ ){4}[^ ]+$')
);
comment on table pgboss.schedule is 'Work that comes back by the clock.';

create function pgboss.fetch(queue text, batch integer default 1) returns setof pgboss.job
language sql as $fetch$
    update pgboss.job
    set state = 'active', started_on = now(),
        retry_count = retry_count + (state = 'retry')::integer
    where id in (select j.id
                 from pgboss.job j
                 where j.name = queue and j.state < 'active' and j.start_after <= now()
                 order by j.priority desc, j.created_on, j.id
                 limit batch
                 for update skip locked)
    returning *
$fetch$;
comment on function pgboss.fetch(text, integer) is 'Takes the next jobs of a queue; two workers never take the same one.';
