alter table claims.claim add column vertical text;
comment on column claims.claim.vertical is 'Which kind of care.';
