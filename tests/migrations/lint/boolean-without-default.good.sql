create table claims.note (id bigint primary key, is_open boolean not null, is_paid boolean default false);
