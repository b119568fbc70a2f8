create table members.coverage (
    id                uuid        not null default gen_random_uuid(),
    member_id         uuid        not null,
    rank              smallint    not null default 1,
    payer_code        text        not null,
    plan_name         text,
    subscriber_number text        not null,
    group_number      text,
    relationship_code text        not null default '18',
    effective_from    date        not null,
    effective_to      date,
    copay             numeric(8, 2),
    created_at        timestamptz not null default now(),
    constraint pk_coverage primary key (id),
    constraint uq_coverage_member_rank unique (member_id, rank, effective_from),
    constraint fk_coverage_member foreign key (member_id) references members.member (id) on delete cascade,
    constraint ck_coverage_rank check (rank between 1 and 3),
    constraint ck_coverage_dates check (effective_to >= effective_from),
    constraint ck_coverage_copay check (copay >= 0)
);
create index idx_coverage_payer_code on members.coverage (payer_code, subscriber_number);
comment on table members.coverage is 'Insurance of a member: 1 is asked first.';
comment on column members.coverage.payer_code is 'A code of the payer registry in the control plane; no key crosses databases.';

create view members.current_coverage as
select m.id as member_id, m.member_number, m.full_name, c.rank, c.payer_code, c.subscriber_number, c.effective_from
from members.member m
join members.coverage c on c.member_id = m.id
where current_date between c.effective_from and coalesce(c.effective_to, 'infinity');
comment on view members.current_coverage is 'Coverage in force today.';
