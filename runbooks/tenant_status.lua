-- A tenant's status, true at PostgreSQL: active, read_only (nobody writes) or suspended (the application does not even
-- connect). help("read_only") says how, and what no fence stops.
--   tenantsh run tenant_status --input tenant=acme --input status=read_only --input reason="month end"

runbook "tenant_status" {
  brief = "One tenant active, read_only or suspended, enforced and proved",
  inputs = {
    tenant = input.tenant { status = { "active", "read_only", "suspended" }, help = "which" },
    status = input.enum   { "active", "read_only", "suspended", help = "what it is to be" },
    reason = input.text   { help = "why, for the audit", check = function(value)
                              return value:match("%S") and true or "a reason is what others read in the audit"
                            end },
  },
  locks = function(run) return { "tenant " .. run.tenant.slug } end,
}

local function before(run) return run.outputs["as it is"].status end

step "as it is" {
  on = master, read_only = true,
  tx = function(db, run)
    local row = db:one("select status, db_config_ref from identity.tenant where slug = $1", run.tenant.slug)
    expect(row, "tenant " .. run.tenant.slug .. " is not registered")
    expect(run.status ~= "active" or row.db_config_ref, "tenant " .. run.tenant.slug .. " has no db_config_ref: no application finds it")
    return { status = row.status }
  end,
}

step "status" {
  probe = function(run)
    local fence = run.tenant:fence()
    -- Registry and database agree on what is wanted; half of it is done again, which changes only what is missing.
    if fence.status == run.status and not fence.wrong then return "done", run.tenant.slug .. " is " .. run.status .. ", the fence is " .. fence.state end
    return "not_done", fence.wrong or (run.tenant.slug .. " is " .. fence.status)
  end,
  effect = function(run)
    local changed = run.tenant:set_status { status = run.status, reason = run.reason }
    return { before = before(run), after = changed.after, privileges = changed.fence.privileges }
  end,
  verify = function(run)
    local fence = run.tenant:fence()
    expect(fence.status == run.status and not fence.wrong, fence.wrong or (run.tenant.slug .. " is " .. fence.status))
  end,
  undo = function(run)
    if before(run) ~= run.status then
      run.tenant:set_status { status = before(run), reason = "undo: " .. run.reason, take = true }
    end
  end,
}

step "proof" {
  read_only = true,
  tx = function(_, run)
    if run.status == "active" then
      run.tenant:check_login()
      return { application = "connects" }
    end
    local blocked, open = 0, {}
    for attempt in run.tenant:prove_fence() do
      if attempt.result == "blocked" or attempt.result == "ended" then blocked = blocked + 1
      else open[#open + 1] = attempt.attempt .. " as " .. attempt.who end
    end
    return { blocked = blocked, ["left open"] = #open > 0 and table.concat(open, "; ") or "superusers, the owner on purpose",
             ["what no fence stops"] = "help(\"read_only\")" }
  end,
  on = master,
}
