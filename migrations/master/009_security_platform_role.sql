create table security.platform_permission (
    code        text not null,
    description text not null,
    constraint pk_platform_permission primary key (code),
    constraint ck_platform_permission_code check (code ~ '^[A-Z_]+[.][A-Z_]+$')
);
comment on table security.platform_permission is 'ENTITY.ACTION pairs that a role can hold.';

create table security.platform_role (
    code        text    not null,
    name        text    not null,
    description text    not null,
    is_system   boolean not null default false,
    constraint pk_platform_role primary key (code),
    constraint uq_platform_role_name unique (name),
    constraint ck_platform_role_code check (code ~ '^[a-z][a-z_]*$')
);
comment on column security.platform_role.is_system is 'Shipped with the product: may be granted, not renamed or removed.';
comment on table security.platform_role is 'Named bundles of permissions.';

create table security.platform_role_permission (
    role_code       text not null,
    permission_code text not null,
    constraint pk_platform_role_permission primary key (role_code, permission_code),
    constraint fk_platform_role_permission_role foreign key (role_code)
        references security.platform_role (code) on delete cascade,
    constraint fk_platform_role_permission_permission foreign key (permission_code)
        references security.platform_permission (code) on delete cascade
);
create index idx_platform_role_permission_permission_code on security.platform_role_permission (permission_code);
comment on table security.platform_role_permission is 'What each platform role may do.';
