-- Trusted extensions: the owner of the database may create them.
create extension if not exists pgcrypto with schema public;
create extension if not exists citext with schema public;

create schema identity;
create schema security;
create schema members;
create schema eligibility;
create schema claims;
create schema remits;
create schema pgboss;

comment on schema identity is 'The organization, its places and its providers.';
comment on schema security is 'People who use the application and what they may do.';
comment on schema members is 'Patients and their coverage.';
comment on schema eligibility is 'Questions to payers about coverage, and the answers.';
comment on schema claims is 'What was billed.';
comment on schema remits is 'What was paid, and why not the rest.';
comment on schema pgboss is 'Job queue of the application; its rows do not travel with a backup or a move.';
