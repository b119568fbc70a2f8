copy claims.status (code) from stdin;
new
paid
\.
create table claims.note (id bigint primary key);
