create table identity.environment (
    name              text   not null,
    system_identifier bigint not null,
    guard             text   not null,
    constraint pk_environment primary key (name),
    constraint ck_environment_name check (name ~ '^[a-z][a-z0-9_-]*$'),
    constraint ck_environment_guard check (guard in ('open', 'confirm', 'protected'))
);
comment on table identity.environment is
    'What this master says it is: compared with the operator''s configuration before anything is written.';
comment on column identity.environment.system_identifier is
    'pg_control_system().system_identifier of the cluster the row was written in; a copied master no longer matches.';
