-- case: schema
create table {schema_name}.note (id bigint primary key);
create index idx_note_id on {schema_name}.note (id);
