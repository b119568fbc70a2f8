-- case: naming=upper
create table claims."CLAIM_NOTE" ("ID" bigint primary key);
