-- A customer leaves: a last archive, the application's login withdrawn, the tenant suspended, its database closed.
-- Nothing is deleted. Until a person says that the customer has the archive, `tenantsh runs undo ID` brings all back.
--   tenantsh run ./offboard_customer.lua --input tenant=acme --input ticket=OPS-42

runbook "offboard_customer" {
  brief = "The customer has an archive; nobody can reach the tenant's database any more",
  inputs = {
    tenant = input.tenant { status = { "active", "read_only", "suspended" }, help = "who leaves" },
    ticket = input.text   { help = "where it was decided" },
  },
}

include "archive" { runbook = "tenant_backup", inputs = function(run) return { tenant = run.tenant.slug } end }

local function on_server(run) return { server = run.tenant.server, database = "postgres" } end

step "suspend" {
  probe = function(run)
    local fence = run.tenant:fence()
    return fence.status == "suspended" and not fence.wrong, "tenant " .. run.tenant.slug .. " is " .. fence.status
  end,
  effect = function(run)
    return { before = run.tenant:set_status { status = "suspended", reason = run.ticket }.before }
  end,
  undo = function(run, outputs)
    run.tenant:set_status { status = outputs.before or "active", reason = "undo of " .. run.ticket, take = true }
  end,
}

step "close" {
  on = on_server,
  destructive = true,
  confirm = "Close the database to everybody and end its sessions?",
  tx = function(db, run)
    local name = run.tenant.database_name
    db:exec("alter database " .. db:identifier(name) .. " allow_connections false")
    db:exec("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
  end,
  verify = function(run, _, db)
    expect(not db:value("select datallowconn from pg_database where datname = $1", run.tenant.database_name), "still open")
  end,
  undo = function(run, _, db)
    db:exec("alter database " .. db:identifier(run.tenant.database_name) .. " allow_connections true")
  end,
}

step "handed over" {
  manual = "Give the customer the archive and its SHA-256, and have them confirm that they can read it.",
  point_of_no_return = true,
}
