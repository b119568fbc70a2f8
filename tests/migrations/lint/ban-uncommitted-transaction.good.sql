-- tenantsh: no-transaction
create table if not exists claims.note (id bigint primary key);
