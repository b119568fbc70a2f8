create table claims.note (id bigserial primary key);
