-- A fleet that knex has migrated so far, one database a tenant, taken over in one session: what knex applied is
-- written into tenantsh's ledger with knex's own times, then what is left runs on every tenant: SQL natively, programs
-- by knex itself. knex_migrations is kept in step, so that `knex migrate:latest`, still in somebody's deployment,
-- finds nothing to do.
--
--   npm install                                             knex and pg, as the project has them
--   tenantsh migrate histories                              which tools have been here, and is all well
--   tenantsh migrate history --set migrations               this project's files, as knex sees them
--   tenantsh run ./take_over.lua --input canary=acme --plan
--   tenantsh run ./take_over.lua --input canary=acme
--   tenantsh migrate status --set migrations                from here on it is a set like any other
--
-- migrations/set.toml says that the set goes on with knex's history and how knex is called. A pair x.js and x.sql is
-- the usual wrapper: its SQL runs natively. A program alone is knex's.

runbook "take_over" {
  brief = "Every chosen tenant's history is tenantsh's, and no file is pending",
  inputs = {
    canary  = input.tenant    { help = "the first one" },
    tenants = input.selection { default = "all", help = "then these" },
    set     = input.path      { default = "migrations", help = "folder of the files" },
  },
  locks = function() return { "migrations" } end,
}

local function adopt(run)
  return { files = #migrations:adopt { tenants = run.item, set = run.set } }
end

local function go_on(run)
  return { files = #migrations:up { tenants = run.item, set = run.set } }
end

local function nothing_left(run)
  local left = migrations:plan { tenants = run.item, set = run.set }
  expect(#left == 0, #left .. " files are left, the first is " .. tostring(left[1] and left[1].name))
  for row in migrations:history { tenants = run.item, set = run.set } do
    expect(row.state == "applied", "knex sees " .. row.name .. " as " .. row.state)
  end
end

local function others(run)
  local slugs = {}
  for tenant in run.tenants do
    if tenant.slug ~= run.canary.slug then slugs[#slugs + 1] = tenant.slug end
  end
  return slugs
end

-- Both may be done again at any time: what is there is not done twice.
local function not_done() return "not_done" end

step "adopt the canary" { each = function(run) return { run.canary.slug } end, probe = not_done, effect = adopt }
step "bring the canary up" {
  each = function(run) return { run.canary.slug } end, probe = not_done, effect = go_on, verify = nothing_left,
}
step "adopt the others" {
  each = others, probe = not_done, effect = adopt,
  confirm = "The canary is well. Take the others over?",
}
step "bring the others up" { each = others, probe = not_done, effect = go_on, verify = nothing_left, max_failures = 2 }
