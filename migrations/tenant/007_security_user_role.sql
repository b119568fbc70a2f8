create table security.user_role (
    user_id    uuid        not null,
    role_code  text        not null,
    granted_by uuid,
    granted_at timestamptz not null default now(),
    constraint pk_user_role primary key (user_id, role_code),
    constraint fk_user_role_user foreign key (user_id) references security.app_user (id) on delete cascade,
    constraint fk_user_role_role foreign key (role_code) references security.role (code),
    constraint fk_user_role_granted_by foreign key (granted_by) references security.app_user (id) on delete set null
);
create index idx_user_role_role_code on security.user_role (role_code);
create index idx_user_role_granted_by on security.user_role (granted_by);
comment on table security.user_role is 'Who does which job.';
comment on column security.user_role.granted_by is 'Null for the first administrator, whom the platform created.';
