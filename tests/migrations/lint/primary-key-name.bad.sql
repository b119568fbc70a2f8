-- case: primary_key=id
create table claims.note (note_id bigint primary key);
