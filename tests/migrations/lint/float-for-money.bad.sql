create table claims.note (id bigint primary key, total_amount double precision not null);
