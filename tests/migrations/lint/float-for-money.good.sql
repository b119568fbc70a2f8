create table claims.note (id bigint primary key, total_amount numeric(18,4) not null, latitude double precision);
