-- Pending files over a fleet: canaries first, then wave after wave, each confirmed; tenants that fail are parked with
-- their reason, and the last step touches those alone. A resume works the same waves to their end.
--   tenantsh run migrate_fleet --input canary=acme --input waves="10%, 50%"

runbook "migrate_fleet" {
  brief = "Every chosen tenant has every file of the set",
  inputs = {
    tenants      = input.selection { default = "all", help = "which" },
    canary       = input.text   { default = "", help = "who goes first and must succeed: a slug, a glob, key=value" },
    waves        = input.text   { default = "10%", help = "sizes of the waves after the canary, at most seven: 1, 10%, 50%; everyone else follows" },
    set          = input.text   { default = "", help = "full path of the set's folder; none: the shipped one" },
    max_failures = input.text   { default = "5%", help = "stop a wave after so many parked tenants, or such a part of it" },
    jobs         = input.number { default = 0, help = "tenants worked on at once; 0: as --jobs" },
  },
  locks = function() return { "migrations" } end,
}

local most_waves = 9 -- a canary, seven sizes, everyone else

local function options(run, more)
  local given = { set = run.set ~= "" and run.set or nil, jobs = run.jobs > 0 and run.jobs or nil }
  for key, value in pairs(more) do given[key] = value end
  return given
end

-- `chosen` is run.tenants, or tenants:where of a wave's slugs.
local function left(run, chosen)
  local found = {}
  for _, wave in ipairs(chosen:waves(options(run, {}))) do
    for _, slug in ipairs(wave.tenants) do found[#found + 1] = slug end
  end
  return found
end

local function migrate(run, chosen, limit)
  local result = chosen:migrate(options(run, { max_failures = limit, go_on = true, reason = "run " .. run.id }))
  local outcome = { done = 0, parked = {}, not_begun = 0 }
  for row in result do
    if row.state == "parked" then outcome.parked[#outcome.parked + 1] = row.target .. ": " .. row.says end
    if row.state == "not begun" then outcome.not_begun = outcome.not_begun + 1 end
    if row.state == "done" then outcome.done = outcome.done + 1 end
  end
  return outcome
end

step "waves" {
  on = master, read_only = true,
  tx = function(_, run)
    local waves = {}
    for i, wave in ipairs(run.tenants:waves(options(run, { waves = run.waves, canary = run.canary ~= "" and run.canary or nil }))) do
      waves[i] = { name = wave.name, tenants = table.concat(wave.tenants, ",") }
    end
    expect(#waves <= most_waves, #waves .. " waves are more than " .. most_waves, "--input waves=\"10%, 50%\"")
    return waves
  end,
}

for i = 1, most_waves do
  local function wave(run) return run.outputs["waves"][i] end
  local function members(run) return tenants:where(wave(run).tenants) end
  step("wave " .. i) {
    when = function(run) return wave(run) ~= nil end,
    probe = function(run)
      local slugs = left(run, members(run))
      if #slugs == 0 then return "done", wave(run).name .. ": every tenant has every file" end
      return "not_done", wave(run).name .. ": " .. #slugs .. " left"
    end,
    effect = function(run) return migrate(run, members(run), i == 1 and wave(run).name == "canary" and "1" or run.max_failures) end,
    verify = function(run, outcome)
      local first = outcome.parked[1]
      expect(wave(run).name ~= "canary" or not first, "a canary failed: " .. tostring(first), "mend it and retry")
      expect(outcome.not_begun == 0, "stopped after " .. #outcome.parked .. " parked tenants, " .. outcome.not_begun .. " not begun: " .. tostring(first),
             "look at them: tenantsh migrate parked; mend and retry")
    end,
  }
end

step "nobody is left" {
  probe = function(run)
    local slugs = left(run, run.tenants)
    if #slugs == 0 then return "done", "every tenant has every file" end
    return "not_done", #slugs .. " left: " .. table.concat(slugs, ", ", 1, math.min(#slugs, 5))
  end,
  effect = function(run) return migrate(run, run.tenants) end,
  verify = function(_, outcome)
    expect(#outcome.parked == 0, #outcome.parked .. " tenants are parked: " .. tostring(outcome.parked[1]),
           "tenantsh migrate parked; mend them, then: tenantsh runs resume")
  end,
}
