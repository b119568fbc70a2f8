create table claims.note (id integer generated always as identity primary key);
