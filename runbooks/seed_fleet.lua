-- Reference data over a fleet: one canary first, then the others, stopping at the third failure. Without names it runs
-- what a tenant lacks or has in another text, so that a second run touches only what is left.
--   tenantsh run seed_fleet --input canary=acme --yes

runbook "seed_fleet" {
  brief = "The chosen seeds ran in every chosen tenant",
  inputs = {
    canary  = input.tenant    { help = "the first one" },
    tenants = input.selection { default = "all", help = "then these" },
    names   = input.text      { optional = true, help = "seed files by name, number or glob, between blanks; none: what is pending or changed" },
    set     = input.text      { optional = true, help = "full path of the set's folder; none: the shipped one" },
    profile = input.text      { default = "baseline", help = "also the seeds of this profile" },
    secrets = input.text      { optional = true, help = "NAME=REFERENCE between blanks, for seeds that ask for them" },
  },
  locks = function() return { "seeds" } end,
}

local function words(text)
  local list = {}
  for word in (text or ""):gmatch("%S+") do list[#list + 1] = word end
  return list
end

-- What this tenant lacks of the seeds that the run is about.
local function left(run, slug)
  local names = {}
  for _, seed in ipairs(seeds:status { tenants = slug, set = run.set }) do
    local ours = seed.profile == "baseline" or seed.profile == run.profile
    if ours and seed.state ~= "applied" then names[#names + 1] = seed.name .. " is " .. seed.state end
  end
  return names
end

-- Those of these tenants that the run has something to do in; named seeds run in all of them.
local function with_work(run, slugs)
  local chosen = {}
  for _, slug in ipairs(slugs) do
    if run.names or #left(run, slug) > 0 then chosen[#chosen + 1] = slug end
  end
  return chosen
end

-- Named ones run whether a tenant has them or not; they may, for they are idempotent.
local function probe(run)
  if run.names then return "not_done" end
  local names = left(run, run.item)
  if #names > 0 then return "not_done", table.concat(names, ", ") end
  return "done", "every seed is applied"
end

local function seed(run)
  local chosen, given = words(run.names), words(run.secrets)
  local ran = seeds:run { tenants = run.item, set = run.set, profile = run.profile,
                          names = #chosen > 0 and chosen or nil, secret = #given > 0 and given or nil }
  return { seeds = #ran }
end

local function complete(run)
  if run.names then return end
  local names = left(run, run.item)
  expect(#names == 0, table.concat(names, ", "))
end

step "canary" {
  probe = probe, effect = seed, verify = complete, timeout = "10m",
  each = function(run) return with_work(run, { run.canary.slug }) end,
}

step "the rest" {
  probe = probe, effect = seed, verify = complete, timeout = "10m",
  confirm = "The canary has its seeds. Go on with the others?", max_failures = 2,
  each = function(run)
    local others = {}
    for tenant in run.tenants do
      if tenant.slug ~= run.canary.slug then others[#others + 1] = tenant.slug end
    end
    return with_work(run, others)
  end,
}
