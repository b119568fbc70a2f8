create type pgboss.job_state as enum ('created', 'retry', 'active', 'completed', 'expired', 'cancelled', 'failed');

create table pgboss.version (
    version       integer     not null,
    maintained_on timestamptz,
    cron_on       timestamptz,
    constraint pk_version primary key (version)
);
comment on table pgboss.version is 'Layout of the queue and when it was last looked after.';

create table pgboss.job (
    id            uuid             not null default gen_random_uuid(),
    name          text             not null,
    priority      integer          not null default 0,
    data          jsonb,
    state         pgboss.job_state not null default 'created',
    retry_limit   integer          not null default 2,
    retry_count   integer          not null default 0,
    retry_delay   integer          not null default 0,
    retry_backoff boolean          not null default false,
    start_after   timestamptz      not null default now(),
    started_on    timestamptz,
    singleton_key text,
    singleton_on  timestamptz,
    expire_in     interval         not null default interval '15 minutes',
    created_on    timestamptz      not null default now(),
    completed_on  timestamptz,
    keep_until    timestamptz      not null default now() + interval '14 days',
    output        jsonb,
    constraint pk_job primary key (id),
    constraint ck_job_retry check (retry_limit >= 0 and retry_count between 0 and retry_limit)
);
create index idx_job_fetch on pgboss.job (name, priority desc, created_on, id) where state < 'active';
create unique index uq_job_singleton on pgboss.job (name, singleton_key)
    where state < 'completed' and singleton_on is null and singleton_key is not null;
comment on table pgboss.job is 'Work that waits, runs or was done lately.';

create table pgboss.archive (
    like pgboss.job,
    archived_on timestamptz not null default now(),
    constraint pk_archive primary key (id)
);
create index idx_archive_archived_on on pgboss.archive (archived_on);
comment on table pgboss.archive is 'Work that is over, until it is deleted.';
