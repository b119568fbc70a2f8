-- The proof that backups can be restored, and how long that takes: the newest verified archive of each chosen tenant is
-- restored on a scratch server, compared with its manifest and dropped again. Ends with exit 8 when a target is missed.
--   tenantsh run restore_drill --input tenants=all --input server=pg-2

runbook "restore_drill" {
  brief = "The newest backup of each chosen tenant was restored, compared and timed",
  inputs = {
    tenants  = input.selection { default = "all", help = "whose backups" },
    server   = input.server    { optional = true, help = "scratch server; without it each tenant's own" },
    rto      = input.interval  { default = "4h", help = "target: restored within" },
    rpo      = input.interval  { default = "1h", help = "target: the dump is no older than" },
    identity = input.path      { optional = true, help = "the age identity that opens encrypted archives" },
    jobs     = input.number    { default = 2, help = "tables and indexes at once" },
  },
  locks = function() return { "restore drill" } end,
}

local function seconds(interval)
  local number, unit = tostring(interval):match("^(%d+)(%a+)$")
  return tonumber(number) * ({ ms = 0.001, s = 1, m = 60, h = 3600, d = 86400 })[unit]
end

local function duration(value)
  if value < 120 then return string.format("%.1f s", value) end
  if value < 7200 then return string.format("%.0f min", value / 60) end
  return string.format("%.1f h", value / 3600)
end

step "restore" {
  each = function(run) return run.tenants end,
  probe = function() return "not_done" end,
  effect = function(run)
    return tenants:get(run.item):drill { run = run.id, server = run.server and run.server.name, identity = run.identity, jobs = run.jobs }
  end,
}

local function measured(run)
  local lines, missed, slugs = {}, {}, {}
  for slug in pairs(run.outputs["restore"]) do slugs[#slugs + 1] = slug end
  table.sort(slugs)
  for _, slug in ipairs(slugs) do
    local found = run.outputs["restore"][slug]
    local line = found.state .. ": " .. found.says
    if found.state == "restored" then
      local took, age = found.restore_ms / 1000, found.age_seconds
      line = "restored in " .. duration(took) .. " (target " .. tostring(run.rto) .. "), dump " .. duration(age) .. " old (target " ..
             tostring(run.rpo) .. "), " .. found.rows .. " rows in " .. found.tables .. " tables as the manifest says"
      if took > seconds(run.rto) then missed[#missed + 1] = slug .. " took " .. duration(took) end
      if age > seconds(run.rpo) then missed[#missed + 1] = slug .. "'s dump is " .. duration(age) .. " old" end
    else
      missed[#missed + 1] = slug .. ": " .. found.says
    end
    lines[slug] = line
  end
  return lines, missed
end

step "report" {
  on = master, read_only = true,
  tx = function(_, run) return (measured(run)) end,
}

step "targets" {
  on = master, read_only = true,
  tx = function(_, run)
    local _, missed = measured(run)
    expect(#missed == 0, #missed .. " missed: " .. table.concat(missed, "; "), "tenantsh runs report shows all; back up more often, or look why", "finding")
    return { restore = "within " .. tostring(run.rto), dumps = "no older than " .. tostring(run.rpo) }
  end,
}
