create table security.permission (
    code        text not null,
    description text not null,
    constraint pk_permission primary key (code),
    constraint ck_permission_code check (code ~ '^[A-Z_]+[.][A-Z_]+$')
);
comment on table security.permission is 'ENTITY.ACTION pairs of the application.';

create table security.role (
    code        text    not null,
    name        text    not null,
    description text    not null,
    is_system   boolean not null default false,
    constraint pk_role primary key (code),
    constraint ck_role_code check (code ~ '^[a-z][a-z_]*$')
);
comment on table security.role is 'Jobs in the organization.';

create table security.role_permission (
    role_code       text not null,
    permission_code text not null,
    constraint pk_role_permission primary key (role_code, permission_code),
    constraint fk_role_permission_role foreign key (role_code) references security.role (code) on delete cascade,
    constraint fk_role_permission_permission foreign key (permission_code)
        references security.permission (code) on delete cascade
);
create index idx_role_permission_permission_code on security.role_permission (permission_code);
comment on table security.role_permission is 'What each job may do.';
