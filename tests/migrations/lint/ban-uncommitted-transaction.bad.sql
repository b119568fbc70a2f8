-- tenantsh: no-transaction
begin;
create table if not exists claims.note (id bigint primary key);
