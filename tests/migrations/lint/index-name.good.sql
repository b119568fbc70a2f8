-- case: index_prefix=idx_
create table claims.note (id bigint primary key, author text);
create index idx_note_author on claims.note (author);
