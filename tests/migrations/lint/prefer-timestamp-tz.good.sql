create table claims.note (id bigint primary key, written_at timestamptz not null);
