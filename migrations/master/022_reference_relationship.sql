create table reference.relationship (
    code         text    not null,
    name         text    not null,
    is_dependent boolean not null,
    is_minor     boolean not null default false,
    constraint pk_relationship primary key (code),
    constraint uq_relationship_name unique (name),
    constraint ck_relationship_minor check (is_dependent or not is_minor)
);
comment on table reference.relationship is 'What the patient is to the person who holds the policy.';
