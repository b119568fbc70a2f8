-- One archive into a sibling beside its tenant. The tenant goes on working and is never the target: the archive goes
-- into a copy that bears the run's id, and the copy gets the sibling's name last of all.

-- The newest archive that was verified and is still there.
local function newest(given)
  local known, newest_error = backups:list { tenant = given.tenant }, nil
  for i = #known, 1, -1 do
    local backup = known[i]
    if backup.verified_level and backup.mode ~= "data_only" then
      local there, problem = pcall(function() return tenants:get(given.tenant):restored_as { path = backup.path } end)
      if there then return backup.path end
      newest_error = newest_error or problem
    end
  end
  expect(not newest_error, "no backup of " .. given.tenant .. " can be restored: " .. tostring(newest_error),
         "name an archive: --input path=…")
  expect(false, "there is no verified backup of " .. given.tenant, "name an archive: --input path=…")
end

runbook "tenant_restore" {
  brief = "One archive into a sibling beside its tenant, which goes on working",
  inputs = {
    tenant   = input.tenant  { status = { "active", "read_only", "suspended", "retired" }, help = "whose archive" },
    path     = input.path    { default = newest, help = "the archive; without it the newest verified one" },
    foreign  = input.boolean { default = false, help = "also an archive without a manifest" },
    identity = input.path    { optional = true, help = "the age identity that opens an encrypted archive" },
    owner    = input.text    { optional = true, help = "role that owns what is restored; without it the one that did" },
    server   = input.server  { optional = true, help = "where; without it the tenant's own server" },
    jobs     = input.number  { default = 2, help = "tables and indexes at once" },
    tables   = input.text    { default = "identity.organization, security.app_user, members.member",
                               help = "tables that are counted in the live tenant too, separated by commas; globs, * is all" },
  },
  locks = function(run)
    return { "tenant " .. run.tenant:restored_as { path = run.path, foreign = run.foreign, identity = run.identity }.slug }
  end,
}

local function archive(run, more)
  local options = { path = run.path, foreign = run.foreign, identity = run.identity }
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

-- What it becomes: slug, server, database, schema, labels, …
local function sibling(run)
  return run.tenant:restored_as(archive(run, { server = run.server and run.server.name }))
end
local function tenant(run) return tenants:get(sibling(run).slug) end
local function on_server(run) return { server = sibling(run).server, database = "postgres" } end
-- A schema is renamed in its database, a database in another one.
local function beside(run)
  local made = sibling(run)
  return { server = made.server, database = made.placement == "schema" and made.database or "postgres" }
end
local function copy(run)
  local made = sibling(run)
  return (made.schema or made.database) .. "__" .. run.id
end

local function list(text)
  local items = {}
  for item in text:gmatch("[^,%s]+") do items[#items + 1] = item end
  return items
end

-- All of the archive and its place are looked at before anything is made.
step "check" {
  on = master, read_only = true,
  tx = function(_, run)
    return run.tenant:can_be_restored(archive(run, { owner = run.owner, server = run.server and run.server.name, run = run.id }))
  end,
}

step "registry row" {
  on = master,
  probe = function(run, db)
    local made = sibling(run)
    local row = db:one([[select status, labels ->> 'sibling_of' as source, labels ->> 'restored_from' as path
                         from identity.tenant where slug = $1]], made.slug)
    if not row then return "not_done" end
    if row.source ~= run.tenant.slug or row.path ~= made.path then
      return "broken", "tenant " .. made.slug .. " is there and was not restored from " .. made.path
    end
    return "done", "sibling " .. made.slug .. " is " .. row.status
  end,
  tx = function(db, run)
    local made = sibling(run)
    local row = db:one([[insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, schema_name, labels)
                         select $1, $2, 'provisioning', id, $3, $4, $5, $6::jsonb from identity.db_server where name = $7
                         returning id]], made.slug, made.display_name, made.placement, made.database, made.schema, made.labels, made.server)
    db:audit { tenant = made.slug, object = "tenant " .. made.slug, action = "restore", after = made.labels }
    return { id = row.id, slug = made.slug }
  end,
  undo = function(run, _, db)
    local slug = sibling(run).slug
    db:exec("delete from identity.tenant where slug = $1 and status = 'provisioning'", slug)
    db:audit { object = "tenant " .. slug, action = "undo restore" }
  end,
}

step "roles" {
  on = on_server,
  probe = function(run)
    local facts = run.outputs["check"]
    if #facts.missing_roles > 0 or facts.grant_owner then return "not_done" end
    return "done", "every role that the archive names is there; the admin may act for " .. facts.owner
  end,
  tx = function(db, run)
    local facts = run.outputs["check"]
    for _, role in ipairs(facts.missing_roles) do
      -- Without a login: who may use it there is decided by who moves the application.
      db:exec("create role " .. db:identifier(role) .. " nologin nosuperuser nocreatedb nocreaterole")
    end
    if facts.grant_owner then db:exec("grant " .. db:identifier(facts.owner) .. " to current_user") end
    return { made = facts.missing_roles, granted = facts.grant_owner and facts.owner or nil }
  end,
  undo = function(_, done, db)
    if done.granted then db:exec("revoke " .. db:identifier(done.granted) .. " from current_user") end
    for _, role in ipairs(done.made) do db:exec("drop role " .. db:identifier(role)) end
  end,
}

step "archive" {
  on = on_server,
  probe = function(run)
    local found = tenant(run):restore_state { run = run.id }
    return found.state, found.evidence
  end,
  effect = function(run)
    return tenant(run):restore_archive(archive(run, { run = run.id, jobs = run.jobs, owner = run.outputs["check"].owner }))
  end,
  undo = function(run) tenant(run):drop_restored { run = run.id } end,
}

step "name" {
  on = beside,
  probe = function(run, db)
    local made = sibling(run)
    if made.placement == "schema" then
      return db:value("select count(*) from pg_namespace where nspname = $1", made.schema) == 1, "schema " .. made.schema
    end
    return db:value("select count(*) from pg_database where datname = $1", made.database) == 1, "database " .. made.database
  end,
  tx = function(db, run)
    local made = sibling(run)
    if made.placement == "schema" then
      db:exec("alter schema " .. db:identifier(copy(run)) .. " rename to " .. db:identifier(made.schema))
      return { name = made.schema }
    end
    local database = db:identifier(copy(run))
    db:exec("revoke connect, temporary on database " .. database .. " from public")
    for _, role in ipairs(run.outputs["check"].grantees) do
      db:exec("grant connect on database " .. database .. " to " .. db:identifier(role))
    end
    db:exec("alter database " .. database .. " rename to " .. db:identifier(made.database))
    return { name = made.database }
  end,
  undo = function(run, _, db)
    local made = sibling(run)
    local kind, name = "database ", made.database
    if made.placement == "schema" then kind, name = "schema ", made.schema end
    db:exec("alter " .. kind .. db:identifier(name) .. " rename to " .. db:identifier(copy(run)))
  end,
}

-- Its rows against the manifest, which must agree, and against the live tenant, which may have gone on since.
step "compare" {
  on = master, read_only = true,
  tx = function(_, run)
    local compared = tenant(run):compare_restored(archive(run, { tables = list(run.tables) }))
    local rows, drift, same, live = 0, {}, 0, 0
    for _, row in ipairs(compared) do
      rows = rows + (row.restored or 0)
      if row.state == "same content" then same = same + 1 end
      if row.source then live = live + 1 end
      if row.source and row.state ~= "structure only" and row.source ~= row.restored then
        drift[#drift + 1] = row.table .. ": restored " .. row.restored .. ", live " .. row.source
      end
    end
    local filled = run.outputs["archive"]
    if live == 0 then drift = { "not compared: the live tenant does not answer, or has none of these tables" } end
    return { tables = #compared, rows = rows, drift = #drift > 0 and drift or "none",
             contents = same > 0 and "the same in " .. same .. " tables, by digest" or "counted only: the manifest has no digests",
             notes = filled and filled.notes and #filled.notes > 0 and filled.notes or nil }
  end,
}

-- Nobody writes into a copy of the past by mistake.
step "read only" {
  on = master,
  probe = function(run, db)
    local status = db:value("select status from identity.tenant where slug = $1", sibling(run).slug)
    return status == "read_only", "sibling " .. sibling(run).slug .. " is " .. tostring(status)
  end,
  effect = function(run) return tenant(run):set_status { status = "read_only", reason = "restored from " .. run.path } end,
  -- The fence goes with the copy, which the undo of an earlier step drops.
  undo = function(run, _, db)
    local slug = sibling(run).slug
    db:exec("update identity.tenant set status = 'provisioning', updated_at = now() where slug = $1", slug)
    db:audit { tenant = slug, object = "tenant " .. slug, action = "status", after = { status = "provisioning", reason = "undo of restore " .. run.id } }
  end,
}

step "open" {
  on = master, read_only = true,
  tx = function(_, run)
    local made = sibling(run)
    return { sibling = made.slug, taken_at = made.taken_at, open = made.psql }
  end,
}
