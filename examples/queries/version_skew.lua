#!/usr/bin/env tenantsh
-- How many tenants stand at which migration. One row is what you want to see.
return tenants:query [[
  select (select name from tenantsh.ledger where scope = 'tenant' order by name desc limit 1) as newest,
         (select count(*) from tenantsh.ledger where scope = 'tenant') as applied]]:group { "newest", "applied" }
