#!/usr/bin/env tenantsh
-- Jobs that failed, and jobs that should have begun an hour ago: a worker that died, or never came up after a move.
return tenants:query [[
  select name as queue, count(*) filter (where state = 'failed') as failed,
         count(*) filter (where state in ('created', 'retry') and start_after < now() - interval '1 hour') as overdue
  from pgboss.job
  group by name
  having count(*) filter (where state = 'failed' or state in ('created', 'retry') and start_after < now() - interval '1 hour') > 0
  order by name]]
