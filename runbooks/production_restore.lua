-- A customer wants last Tuesday back. The archive is read to its end, the present state is dumped first, the archive is
-- restored beside the tenant and looked at, and only then the tenant is switched, on a word. What was written since the
-- dump stays in the former database and in the dump of the present state.
--   tenantsh run production_restore --input tenant=acme --input path=… --confirm acme

runbook "production_restore" {
  brief = "The tenant works on what the archive holds; its present state is kept twice",
  inputs = {
    tenant   = input.tenant { status = { "active", "read_only", "suspended" }, help = "whose data goes back" },
    path     = input.path   { help = "the archive" },
    identity = input.path   { optional = true, help = "the age identity that opens an encrypted archive" },
    reason   = input.text   { help = "who asked for it, and why" },
  },
}

step "archive" {
  on = master, read_only = true,
  tx = function(_, run)
    local archive = run.tenant:can_be_restored { path = run.path, identity = run.identity }
    return { rows = archive.rows, tables = archive.tables, bytes = archive.bytes }
  end,
}

-- On the record before anything is made: who wants it, and that they know what it costs.
step "decision" {
  on = master, destructive = true,
  confirm = "What was written since the archive was taken will be lost to the application. Does whoever asked for it know that?",
  tx = function(db, run)
    db:audit { tenant = run.tenant.slug, object = "tenant " .. run.tenant.slug, action = "production restore", after = { path = run.path, reason = run.reason } }
  end,
  verify = function(run, _, db)
    expect(db:value("select count(*) from identity.tenant_audit where run_id = $1 and action = 'production restore'", run.id) == 1, "the audit does not have it")
  end,
}

include "present state" {
  runbook = "tenant_backup",
  inputs = function(run) return { tenant = run.tenant.slug, fence = "none" } end,
}

include "copy" {
  runbook = "tenant_restore",
  inputs = function(run) return { tenant = run.tenant.slug, path = run.path, identity = run.identity } end,
}

local function sibling(run) return run.outputs["copy/registry row"].slug end

-- What would make an application stumble over the copy.
step "health" {
  on = function(run) return tenants:get(sibling(run)) end, read_only = true,
  tx = function(db, run)
    local invalid = db:value("select count(*) from pg_index where not indisvalid")
    expect(invalid == 0, invalid .. " indexes of " .. sibling(run) .. " are not valid")
    local unproved = db:value("select count(*) from pg_constraint where not convalidated and contype in ('f', 'c')")
    local behind = 0
    for _, file in ipairs(migrations:status { tenants = sibling(run) }) do
      if file.state ~= "applied" then behind = behind + 1 end
    end
    return { invalid_indexes = invalid, constraints_not_validated = unproved, migrations_behind = behind,
             size = db:value("select pg_size_pretty(pg_database_size(current_database()))") }
  end,
}

include "switch" {
  runbook = "tenant_cutover",
  inputs = function(run) return { tenant = run.tenant.slug, sibling = sibling(run), drift = "any" } end,
}
