-- case: schema
insert into {schema_name}.note (id) values (1);
