alter table claims.claim add constraint pk_claim primary key using index pk_claim;
