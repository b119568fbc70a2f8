create table claims.note (id bigint generated always as identity primary key, pages integer);
