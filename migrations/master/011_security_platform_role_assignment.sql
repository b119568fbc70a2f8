create table security.platform_role_assignment (
    user_id    uuid        not null,
    role_code  text        not null,
    granted_at timestamptz not null default now(),
    granted_by text        not null default session_user,
    expires_at timestamptz,
    reason     text,
    constraint pk_platform_role_assignment primary key (user_id, role_code),
    constraint fk_platform_role_assignment_user foreign key (user_id)
        references security.platform_user (id) on delete cascade,
    constraint fk_platform_role_assignment_role foreign key (role_code) references security.platform_role (code),
    constraint ck_platform_role_assignment_expiry check (expires_at > granted_at)
);
create index idx_platform_role_assignment_role_code on security.platform_role_assignment (role_code);
comment on table security.platform_role_assignment is 'Who holds which platform role, and until when.';

create view security.platform_user_permission as
select u.id as user_id, u.email, p.permission_code
from security.platform_user u
join security.platform_role_assignment a on a.user_id = u.id and coalesce(a.expires_at, 'infinity') > now()
join security.platform_role_permission p on p.role_code = a.role_code
where u.is_active
group by u.id, u.email, p.permission_code;
comment on view security.platform_user_permission is 'What each active person may do now.';
