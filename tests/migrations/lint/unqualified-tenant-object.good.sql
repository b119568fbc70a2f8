-- case: schema
create table {schema_name}.note (id bigint primary key);
