#!/usr/bin/env tenantsh
-- Where the tenants are, and how much room is left there.
return sql [[
  select s.name, s.region, s.status, count(t.id) as tenants, s.capacity_tenants - count(t.id) as room,
         count(t.id) filter (where t.status <> 'active') as not_active
  from identity.db_server s left join identity.tenant t on t.server_id = s.id and t.status <> 'retired'
  group by s.id order by s.name]]
