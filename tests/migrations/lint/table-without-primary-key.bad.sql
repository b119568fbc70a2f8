create table claims.note (id bigint not null);
