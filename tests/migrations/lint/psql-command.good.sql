-- \set is named in a comment only
create table claims.note (id bigint primary key);
