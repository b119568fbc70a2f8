alter table claims.claim add primary key (id);
