#!/usr/bin/env tenantsh
-- The two biggest tables of each tenant, the biggest of the fleet first.
return tenants:query [[
  select c.oid::regclass::text as name, pg_relation_size(c.oid) / 1024 as kib
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_|^information_schema$|^tenantsh$'
  order by 2 desc, 1 limit 2]]:sort("kib", { descending = true })
