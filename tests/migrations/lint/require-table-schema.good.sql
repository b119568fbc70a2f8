-- case: enable=require-table-schema
create table claims.note (id bigint primary key);
