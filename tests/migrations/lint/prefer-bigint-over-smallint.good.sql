create table claims.vertical (id smallint primary key, name text not null);
