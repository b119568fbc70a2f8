-- One tenant into one verified archive. The dump is a consistent snapshot; the tenant goes on working, unless its
-- writes are to be stopped meanwhile: then its former status comes back however the run ends.

runbook "tenant_backup" {
  brief = "One tenant into one verified archive",
  inputs = {
    tenant     = input.tenant  { status = { "active", "read_only", "suspended" }, help = "which" },
    fence      = input.enum    { "none", "read_only", default = "none", help = "read_only: nobody writes while it is dumped" },
    format     = input.enum    { "custom", "directory", default = "custom", help = "of the archive; directory can be dumped by several jobs" },
    jobs       = input.number  { default = 1, help = "tables dumped at once; more than one needs format=directory" },
    compress   = input.number  { default = 1, help = "gzip level, 0 (none) to 9" },
    mode       = input.enum    { "full", "schema_only", "data_only", default = "full", help = "what is dumped" },
    structure  = input.text    { default = "pgboss", help = "schemas that travel without their rows, separated by commas" },
    digests    = input.boolean { default = false, help = "a content digest of each table in the manifest" },
    read_back  = input.boolean { default = false, help = "unpack the archive as it is made and count its rows; wants a core of its own" },
    recipients = input.text    { optional = true, help = "age or ssh public keys, or files of them, that open it, separated by commas" },
    folder     = input.path    { optional = true, help = "where it lies; default backups/ENVIRONMENT/SLUG in TENANTSH_HOME" },
    keep_days  = input.number  { default = 0, help = "afterwards delete archives that are older, but never the last good one; 0: none" },
    keep_count = input.number  { default = 0, help = "afterwards delete all but the newest so many; 0: none" },
  },
  locks = function(run) return { "tenant " .. run.tenant.slug } end,
}

local function parts(text)
  local found = {}
  for part in (text or ""):gmatch("[^,]+") do
    part = part:match("^%s*(.-)%s*$")
    if part ~= "" then found[#found + 1] = part end
  end
  return found
end

-- The queue schema is left behind where there is one; a schema that was named must be there.
local function structure(run)
  if run.structure ~= "pgboss" then return parts(run.structure) end
end

step "former status" {
  read_only = true,
  on = master,
  when = function(run) return run.fence == "read_only" end,
  tx = function(db, run)
    return { status = db:value("select status from identity.tenant where slug = $1", run.tenant.slug) }
  end,
}

section "dump" (function()
  step "stop writes" {
    when = function(run) return run.fence == "read_only" and run.outputs["former status"].status == "active" end,
    pre = function(run)
      -- What the fence took away is kept in rows, which such an archive lacks: it could not be given back in a copy.
      expect(run.mode ~= "schema_only", "an archive without rows is made of a tenant whose writes are not stopped: fence=none")
    end,
    probe = function(run)
      local fence = run.tenant:fence()
      if fence.status == "read_only" and not fence.wrong then return "done", "it is read_only, the fence is " .. fence.state end
      return "not_done", fence.wrong or (run.tenant.slug .. " is " .. fence.status)
    end,
    effect = function(run)
      local changed = run.tenant:set_status { status = "read_only", reason = "pg_dump snapshot" }
      return { before = changed.before, after = changed.after }
    end,
    -- Also when the step was killed half way: the registry's word was read before it began.
    release = function(run)
      run.tenant:set_status { status = run.outputs["former status"].status, reason = "pg_dump snapshot taken" }
    end,
  }

  step "pg_dump" {
    pre = function(run)
      run.tenant:can_be_dumped { structure = structure(run), mode = run.mode, folder = run.folder, recipients = parts(run.recipients) }
    end,
    probe = function(run)
      local found = run.tenant:dump_state { at = run.started, folder = run.folder }
      -- Of this very run, killed: its time is in the name and nobody else works on the tenant. The dump clears it away.
      if found.leftover then return "not_done" end
      return found.state, found.evidence, found.archive
    end,
    effect = function(run)
      return run.tenant:dump {
        at = run.started, format = run.format, jobs = run.jobs, compress = run.compress, mode = run.mode,
        structure = structure(run), digests = run.digests, read_back = run.read_back, recipients = parts(run.recipients), folder = run.folder, run = run.id,
      }
    end,
    -- Listing and rows were compared while the archive was made; here is what lies on the disk.
    verify = function(_, archive)
      backups:verify { path = archive.path, levels = { "size", "sha256" } }
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
    local levels = table.concat(archive.verified, ", ")
    local row = db:one([[insert into identity.backup (tenant_id, path, format, mode, bytes, sha256, server_version, taken_at,
                                                      verified_at, verified_level, run_id)
                         select id, $2, $3, $4, $5, $6, $7, $8::timestamptz, now(), $9, $10
                         from identity.tenant where slug = $1 returning id]],
                       run.tenant.slug, archive.path, run.format, run.mode, archive.bytes, archive.sha256,
                       archive.server_version, archive.taken_at, levels, run.id)
    db:audit { tenant = run.tenant.slug, object = "tenant " .. run.tenant.slug, action = "backup", after = { path = archive.path } }
    return { id = row.id, path = archive.path }
  end,
}

step "retention" {
  when = function(run) return run.keep_days > 0 or run.keep_count > 0 end,
  probe = function() return "not_done" end,
  effect = function(run)
    return { deleted = backups:prune { tenant = run.tenant.slug, folder = run.folder, keep_days = run.keep_days, keep_count = run.keep_count }:column("path") }
  end,
}
