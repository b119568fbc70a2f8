#!/usr/bin/env tenantsh
-- Sequences that have used more than 70 % of what their column can hold, across the fleet.
return tenants:query [[
  select schemaname || '.' || sequencename as sequence, last_value, max_value,
         round(100.0 * last_value / max_value, 1) as used_percent
  from pg_sequences
  where last_value > 0.7 * max_value
  order by 4 desc]]
