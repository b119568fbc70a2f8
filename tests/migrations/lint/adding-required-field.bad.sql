alter table claims.claim add column vertical text not null;
