create table security.app_user (
    id                   uuid          not null default gen_random_uuid(),
    organization_id      uuid          not null,
    email                public.citext not null,
    display_name         text          not null,
    password_hash        text,
    must_change_password boolean       not null default true,
    is_active            boolean       not null default true,
    provider_npi         text,
    last_login_at        timestamptz,
    created_at           timestamptz   not null default now(),
    updated_at           timestamptz   not null default now(),
    constraint pk_app_user primary key (id),
    constraint uq_app_user_email unique (email),
    constraint fk_app_user_organization foreign key (organization_id) references identity.organization (id),
    constraint fk_app_user_provider foreign key (provider_npi) references identity.provider (npi) on delete set null,
    constraint ck_app_user_email check (email::text ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint ck_app_user_password_hash
        check (password_hash ~ '^([$]2[abxy][$][0-9]{2}[$]|SCRAM-SHA-256[$]|[$]argon2id[$])')
);
create index idx_app_user_organization_id on security.app_user (organization_id);
create index idx_app_user_provider_npi on security.app_user (provider_npi) where provider_npi is not null;
create trigger set_updated_at before update on security.app_user
    for each row execute function identity.set_updated_at();
comment on table security.app_user is 'People who sign in to the application.';
comment on column security.app_user.password_hash is 'Null for those who sign in through the organization''s own directory.';
