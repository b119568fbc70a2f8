-- tenantsh: allow ban-drop-table nobody reads it any more
create table claims.note (id bigint primary key);
