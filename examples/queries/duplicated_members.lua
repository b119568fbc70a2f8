#!/usr/bin/env tenantsh
-- People who were entered twice: the same name and birth date under two member numbers.
return tenants:query [[
  select full_name, birth_date, count(*) as times, string_agg(member_number, ' ' order by member_number) as numbers
  from members.member
  group by lower(full_name), full_name, birth_date
  having count(*) > 1
  order by count(*) desc, full_name]]
