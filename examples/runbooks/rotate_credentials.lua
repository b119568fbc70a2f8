-- A new password for the application of every chosen tenant, each proved before the next one is touched.
--   tenantsh run ./rotate_credentials.lua --input tenants=region=eastus2 --yes

runbook "rotate_credentials" {
  brief = "Every chosen tenant's application has a new password",
  inputs = { tenants = input.selection { default = "all", help = "whose" } },
  locks = function() return { "credentials" } end,
}

step "rotate" {
  each = function(run) return run.tenants end,
  timeout = "30s",
  pre = function(run) tenants[run.item]:check_login() end,
  -- A second new password harms nobody: what was interrupted is simply done again.
  probe = function() return "not_done" end,
  effect = function(run)
    local tenant = tenants[run.item]
    return { secret = tenant:issue_login { role = tenant:check_login().user, rotate = true } }
  end,
  verify = function(run) tenants[run.item]:check_login() end,
}
