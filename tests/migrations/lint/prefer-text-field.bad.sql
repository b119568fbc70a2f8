create table claims.note (id bigint primary key, body varchar(100));
