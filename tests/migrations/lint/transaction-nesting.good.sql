create table claims.note (id bigint primary key);
savepoint a;
release a;
