-- A new column on one table of every tenant, filled: one canary first, then the rest, stopping at the third failure.
-- Run again after mending what failed: only the tenants that are left are touched.
--   tenantsh run ./backfill_column.lua --input canary=acme --yes

runbook "backfill_column" {
  brief = "members.member.preferred_language is there and filled in every chosen tenant",
  inputs = {
    canary  = input.tenant    { help = "the first one" },
    tenants = input.selection { default = "all", help = "then these" },
  },
  locks = function() return { "column members.member.preferred_language" } end,
}

local function this_tenant(run) return tenants[run.item] end

local function backfill(db)
  db:exec("set local lock_timeout = '2s'")
  db:exec("alter table members.member add column if not exists preferred_language text")
  return { rows = db:exec("update members.member set preferred_language = 'en' where preferred_language is null") }
end

local function complete(_, _, db)
  local left = db:value("select count(*) from members.member where preferred_language is null")
  expect(left == 0, left .. " rows without a language")
end

local function drop_column(_, _, db) db:exec("alter table members.member drop column if exists preferred_language") end

step "canary" {
  on = this_tenant, tx = backfill, verify = complete, undo = drop_column, timeout = "1m",
  each = function(run) return { run.canary.slug } end,
}

step "the rest" {
  on = this_tenant, tx = backfill, verify = complete, undo = drop_column, timeout = "5m",
  confirm = "The canary is filled. Go on with the others?", max_failures = 2,
  each = function(run)
    local others = {}
    for tenant in run.tenants do
      if tenant.slug ~= run.canary.slug then others[#others + 1] = tenant.slug end
    end
    return others
  end,
}
