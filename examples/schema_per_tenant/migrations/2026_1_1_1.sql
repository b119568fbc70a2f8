-- The platform itself; a tenant has its organisation.

-- ===== PLATFORM MIGRATIONS =====
create schema platform;
create table platform.tenant_app (
    id           bigint generated always as identity primary key,
    schema_name  text not null unique,
    display_name text not null,
    status       text not null default 'active' check (status in ('active', 'suspended', 'retired'))
);
create table platform.role (
    role text primary key
);
create table platform.role_permission (
    role       text not null references platform.role,
    permission text not null check (permission ~ '^[A-Z_]+\.[A-Z_]+$'),
    primary key (role, permission)
);
insert into platform.role (role) values ('CLERK'), ('MANAGER') on conflict do nothing;
-- migrate:down
drop schema platform cascade;

-- ===== TENANT MIGRATIONS =====
create table {schema_name}.customer (
    id         bigint generated always as identity primary key,
    name       text not null,
    email      text,
    created_at timestamptz not null default now()
);
create unique index idx_customer_email on {schema_name}.customer (lower(email)) where email is not null;
-- migrate:down
drop table if exists {schema_name}.customer;
