-- case: naming=lower
create table claims."claimNote" (id bigint primary key);
