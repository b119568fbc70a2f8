-- case: audit_columns=created_at,created_by
create table claims.note (id bigint primary key, created_at timestamptz not null, created_by text not null);
