#!/usr/bin/env tenantsh
-- Tenants where nobody who can log in is an administrator: the next locked account is a call to support.
return tenants:query [[
  select count(*) filter (where u.is_active) as active_users, count(*) as users
  from security.app_user u
  having not coalesce(bool_or(u.is_active and exists (select from security.user_role r
                                                      where r.user_id = u.id and r.role_code = 'tenant_admin')), false)]]
