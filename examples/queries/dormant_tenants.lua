#!/usr/bin/env tenantsh
-- Tenants where nobody logged in for 90 days, and yet they are active and paid for.
return tenants:where { status = "active" }:query [[
  select max(last_login_at)::date as last_login, count(*) as users
  from security.app_user
  having coalesce(max(last_login_at), '-infinity') < now() - interval '90 days']]
