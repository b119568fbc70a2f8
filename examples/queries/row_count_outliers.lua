#!/usr/bin/env tenantsh
-- Tenants with far more or far fewer members than the tenant in the middle: a runaway import, or one that never ran.
local counts = tenants:query("select count(*) as members from members.member"):sort("members")
local median = counts[#counts // 2 + 1].members
for _, row in ipairs(counts) do
  if row.members > 3 * median or 3 * row.members < median then
    print(("%s has %d members, the tenant in the middle %d"):format(row.tenant, row.members, median))
  end
end
