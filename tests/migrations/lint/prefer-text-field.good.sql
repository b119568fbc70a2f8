create table claims.note (id bigint primary key, body text check (length(body) <= 100));
