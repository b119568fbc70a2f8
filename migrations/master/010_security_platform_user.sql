create table security.platform_user (
    id                   uuid          not null default gen_random_uuid(),
    email                public.citext not null,
    display_name         text          not null,
    password_hash        text          not null,
    must_change_password boolean       not null default true,
    is_active            boolean       not null default true,
    failed_logins        integer       not null default 0,
    locked_until         timestamptz,
    last_login_at        timestamptz,
    password_changed_at  timestamptz,
    created_at           timestamptz   not null default now(),
    updated_at           timestamptz   not null default now(),
    constraint pk_platform_user primary key (id),
    constraint uq_platform_user_email unique (email),
    constraint ck_platform_user_email check (email::text ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint ck_platform_user_display_name check (display_name <> ''),
    constraint ck_platform_user_password_hash
        check (password_hash ~ '^([$]2[abxy][$][0-9]{2}[$]|SCRAM-SHA-256[$]|[$]argon2id[$])'),
    constraint ck_platform_user_failed_logins check (failed_logins >= 0)
);
create trigger touch_platform_user before update on security.platform_user
    for each row execute function identity.touch_updated_at();
comment on table security.platform_user is 'Operators of the platform; nobody of a tenant is here.';
comment on column security.platform_user.password_hash is
    'bcrypt (pgcrypto crypt/gen_salt(''bf'', 12)), scram or argon2id; a bare or fast hash is refused.';
