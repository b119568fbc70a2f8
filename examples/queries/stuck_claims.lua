#!/usr/bin/env tenantsh
-- Claims that were sent to the payer and had no answer for 30 days: who waits for how much, since when.
return tenants:query [[
  select count(*) as claims, sum(total_charge) as charged, min(submitted_at)::date as oldest
  from claims.claim
  where status_code = 'submitted' and submitted_at < now() - interval '30 days'
  having count(*) > 0]]:sort("charged", { descending = true })
