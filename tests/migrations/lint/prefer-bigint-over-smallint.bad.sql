create table claims.note (id smallint generated always as identity primary key);
