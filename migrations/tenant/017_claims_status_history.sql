create table claims.status_history (
    claim_id    uuid        not null,
    changed_at  timestamptz not null default clock_timestamp(),
    status_code text        not null,
    changed_by  text        not null default session_user,
    note        text,
    constraint pk_status_history primary key (claim_id, changed_at),
    constraint fk_status_history_claim foreign key (claim_id) references claims.claim (id) on delete cascade,
    constraint fk_status_history_status foreign key (status_code) references claims.status (code)
) partition by range (changed_at);
create index idx_status_history_status_code on claims.status_history (status_code);
comment on table claims.status_history is 'Every change of a claim''s status, by month.';

-- Months are added ahead of time; what falls outside lands in the default partition.
create table claims.status_history_2026_01 partition of claims.status_history
    for values from ('2026-01-01 00:00+00') to ('2026-02-01 00:00+00');
create table claims.status_history_2026_02 partition of claims.status_history
    for values from ('2026-02-01 00:00+00') to ('2026-03-01 00:00+00');
create table claims.status_history_2026_03 partition of claims.status_history
    for values from ('2026-03-01 00:00+00') to ('2026-04-01 00:00+00');
create table claims.status_history_2026_04 partition of claims.status_history
    for values from ('2026-04-01 00:00+00') to ('2026-05-01 00:00+00');
create table claims.status_history_2026_05 partition of claims.status_history
    for values from ('2026-05-01 00:00+00') to ('2026-06-01 00:00+00');
create table claims.status_history_2026_06 partition of claims.status_history
    for values from ('2026-06-01 00:00+00') to ('2026-07-01 00:00+00');
create table claims.status_history_default partition of claims.status_history default;
