-- A fleet that Prisma has migrated so far, one database a tenant, taken over in one session: Prisma's checksums of the
-- files are proved, what it applied is written into tenantsh's ledger with its own times, then what is left runs on
-- every tenant, a transaction a file. _prisma_migrations is kept in step, so that `prisma migrate deploy`, still in
-- somebody's deployment, finds no pending migration.
--
--   tenantsh migrate histories                              which tools have been here, and is all well
--   tenantsh migrate history --set migrations               edited files and failed migrations are named
--   tenantsh run ./take_over.lua --input canary=acme --plan
--   tenantsh run ./take_over.lua --input canary=acme
--   tenantsh migrate status --set migrations                from here on it is a set like any other
--
-- migrations is Prisma's own folder, with a set.toml beside its migration_lock.toml.

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
    expect(row.state == "applied", "Prisma sees " .. row.name .. " as " .. row.state)
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
