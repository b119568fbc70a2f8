#!/usr/bin/env tenantsh
-- Money that arrived more than a week ago and was not posted, by tenant and payer.
return tenants:query [[
  select payer_code, count(*) as remittances, sum(payment_amount) as amount, min(payment_date) as oldest
  from remits.remittance
  where posted_at is null and received_at < now() - interval '7 days'
  group by payer_code order by payer_code]]
