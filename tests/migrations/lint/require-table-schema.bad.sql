-- case: enable=require-table-schema
create table note (id bigint primary key);
