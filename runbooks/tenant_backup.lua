-- One tenant into one verified archive. The dump is a consistent snapshot; the tenant goes on working.

runbook "tenant_backup" {
  brief = "One tenant into one verified archive",
  inputs = {
    tenant    = input.tenant { status = { "active", "read_only", "suspended" }, help = "which" },
    format    = input.enum   { "custom", "directory", default = "custom", help = "of the archive" },
    mode      = input.enum   { "full", "schema_only", "data_only", default = "full", help = "what is dumped" },
    structure = input.text   { default = "pgboss", help = "schemas that travel without their rows, separated by commas" },
  },
  locks = function(run) return { "tenant " .. run.tenant.slug } end,
}

local function structure(run)
  local schemas = {}
  for schema in run.structure:gmatch("[^,%s]+") do schemas[#schemas + 1] = schema end
  return schemas
end

section "dump" (function()
  step "pg_dump" {
    pre = function(run) run.tenant:can_be_dumped { structure = structure(run) } end,
    probe = function(run)
      local found = run.tenant:dump_state { at = run.started }
      -- Of this very run, killed: its time is in the name and nobody else works on the tenant. The dump clears it away.
      if found.leftover then return "not_done" end
      return found.state, found.evidence, found.archive
    end,
    effect = function(run)
      return run.tenant:dump { at = run.started, format = run.format, mode = run.mode, structure = structure(run), run = run.id }
    end,
    verify = function(_, archive)
      backups:verify { path = archive.path, levels = { "size", "listing", "counts", "sha256" } }
    end,
  }
end)

step "register" {
  on = master,
  probe = function(run, db)
    local archive = run.outputs["dump/pg_dump"]
    return db:value("select count(*) from identity.backup where path = $1", archive.path) == 1, tostring(archive.path)
  end,
  tx = function(db, run)
    local archive = run.outputs["dump/pg_dump"]
    local row = db:one([[insert into identity.backup (tenant_id, path, format, mode, bytes, sha256, server_version, taken_at,
                                                      verified_at, verified_level, run_id)
                         select id, $2, $3, $4, $5, $6, $7, $8::timestamptz, now(), 'size, listing, counts, sha256', $9
                         from identity.tenant where slug = $1 returning id]],
                       run.tenant.slug, archive.path, run.format, run.mode, archive.bytes, archive.sha256,
                       archive.server_version, archive.taken_at, run.id)
    db:audit { tenant = run.tenant.slug, object = "tenant " .. run.tenant.slug, action = "backup", after = { path = archive.path } }
    return { id = row.id, path = archive.path }
  end,
}
