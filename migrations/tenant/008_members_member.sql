create sequence members.member_number_seq start 1000;
comment on sequence members.member_number_seq is 'Numbers of members that are entered by hand.';

create table members.member (
    id              uuid        not null default gen_random_uuid(),
    organization_id uuid        not null,
    member_number   text        not null default 'M' || lpad(nextval('members.member_number_seq')::text, 8, '0'),
    family_name     text        not null,
    given_name      text        not null,
    full_name       text        generated always as (family_name || ', ' || given_name) stored,
    birth_date      date        not null,
    sex             text        not null,
    email           public.citext,
    phone           text,
    language        text        not null default 'en',
    deceased_on     date,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint pk_member primary key (id),
    constraint uq_member_number unique (member_number),
    constraint fk_member_organization foreign key (organization_id) references identity.organization (id),
    constraint ck_member_birth_date check (birth_date > '1900-01-01'),
    constraint ck_member_sex check (sex in ('F', 'M', 'X', 'U')),
    constraint ck_member_phone check (phone ~ '^[+]1[2-9][0-9]{9}$'),
    constraint ck_member_deceased check (deceased_on >= birth_date)
);
alter sequence members.member_number_seq owned by members.member.member_number;
create index idx_member_organization_id on members.member (organization_id);
create index idx_member_name on members.member (lower(family_name), lower(given_name), birth_date);
create trigger set_updated_at before update on members.member
    for each row execute function identity.set_updated_at();
comment on table members.member is 'Patients.';
