-- case: baseline
create table claims.note (id bigint primary key, body text);
create index idx_note_body on claims.note (body);
