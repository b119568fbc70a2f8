-- case: schema
insert into acme.note (id) values (1);
