#!/usr/bin/env tenantsh
-- Foreign keys without an index behind them, and in how many tenants: each delete of a parent reads the whole child.
return tenants:query [[
  select c.conrelid::regclass::text as child, c.conname::text as key
  from pg_constraint c
  where c.contype = 'f' and c.conparentid = 0
    and not exists (select from pg_index i
                    where i.indrelid = c.conrelid and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)]]
  :group { "child", "key" }
