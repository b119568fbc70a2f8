-- A tenant, or a database that was replaced, ends: a last archive, then the database is dropped. Refused before it has
-- been out of service for seven days. Only the archive brings it back.
--   tenantsh run retire_tenant --input tenant=acme-before-20260427t1500z --confirm acme-before-20260427t1500z

runbook "retire_tenant" {
  brief = "A last verified archive is there and the database is gone",
  inputs = {
    tenant     = input.tenant  { status = { "suspended", "read_only" }, help = "who ends; a sibling's slug for a replaced or restored database" },
    keep_days  = input.number  { default = 7, check = function(value) return value >= 7 or "at least 7 days" end,
                                 help = "how long it must have been out of service" },
    reason     = input.text    { help = "why" },
  },
  locks = function(run) return { "tenant " .. run.tenant.slug } end,
}

local function slug(run) return run.tenant.slug end
local function facts(run) return run.outputs["may it end"] end
local function on_server(run) return { server = facts(run).server, database = facts(run).schema and facts(run).database or "postgres" } end

-- Out of service since: replaced by a cutover, or the last time its status was set.
step "may it end" {
  on = master, read_only = true,
  tx = function(db, run)
    local row = db:one([[select t.id, t.status, t.database_name, t.schema_name, t.db_config_ref, s.name as server, t.labels ->> 'restored_from' as restored_from,
                                t.labels ->> 'sibling_of' as sibling_of, coalesce((t.labels ->> 'replaced_at')::timestamptz, a.at, t.created_at) as since,
                                to_char(coalesce((t.labels ->> 'replaced_at')::timestamptz, a.at, t.created_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as since_text,
                                floor(extract(epoch from now() - coalesce((t.labels ->> 'replaced_at')::timestamptz, a.at, t.created_at)) / 86400)::integer as days,
                                coalesce(now() < (t.labels ->> 'keep_until')::timestamptz, false) as kept, t.labels ->> 'keep_until' as keep_until
                         from identity.tenant t join identity.db_server s on s.id = t.server_id
                         left join lateral (select max(at) as at from identity.tenant_audit where tenant_id = t.id and action = 'status') a on true
                         where t.slug = $1]], slug(run))
    local copy = row.restored_from ~= nil
    expect(copy or row.status == "suspended", "tenant " .. slug(run) .. " is " .. row.status .. "; only a suspended tenant ends",
           "tenantsh run tenant_status --input tenant=" .. slug(run) .. " --input status=suspended")
    expect(not row.kept, slug(run) .. " is kept until " .. tostring(row.keep_until) .. ": until then it is the way back")
    expect(copy or row.days >= run.keep_days, slug(run) .. " is out of service since " .. row.since_text .. " UTC, " .. row.days .. " of " .. run.keep_days .. " days",
           "wait; until then it is the way back")
    return { id = row.id, server = row.server, database = row.database_name, schema = row.schema_name, ref = row.db_config_ref, sibling_of = row.sibling_of }
  end,
}

include "last archive" {
  runbook = "tenant_backup",
  inputs = function(run) return { tenant = run.tenant.slug, fence = "none" } end,
}

step "nobody works on it" {
  on = function(run) return { server = facts(run).server, database = "postgres" } end, read_only = true,
  tx = function(db, run)
    local found = {}
    for row in db:query([[select pid, usename, application_name from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()
                          and usesysid is not null and coalesce(backend_type, 'client backend') = 'client backend' and application_name not like 'tenantsh %' order by pid]], facts(run).database) do
      found[#found + 1] = "pid " .. row.pid .. " " .. tostring(row.usename) .. " (" .. tostring(row.application_name) .. ")"
    end
    expect(facts(run).schema or #found == 0, "still at work on " .. facts(run).database .. ": " .. table.concat(found, "; "), "find out who they are")
    return { sessions = #found }
  end,
}

step "drop" {
  on = on_server,
  destructive = true, point_of_no_return = true,
  confirm = "Drop it? Only the archive brings it back.",
  probe = function(run, db)
    local there
    if facts(run).schema then there = db:value("select count(*) from pg_namespace where nspname = $1", facts(run).schema)
    else there = db:value("select count(*) from pg_database where datname = $1", facts(run).database) end
    return there == 0 and "done" or "not_done", there == 0 and "it is gone" or nil
  end,
  effect = function(run, db)
    if facts(run).schema then db:exec("drop schema " .. db:identifier(facts(run).schema) .. " cascade")
    else db:exec("drop database " .. db:identifier(facts(run).database) .. " with (force)") end
    return { dropped = facts(run).schema or facts(run).database }
  end,
  verify = function(run, _, db)
    local left = facts(run).schema and db:value("select count(*) from pg_namespace where nspname = $1", facts(run).schema)
                 or not facts(run).schema and db:value("select count(*) from pg_database where datname = $1", facts(run).database)
    expect(left == 0, (facts(run).schema or facts(run).database) .. " is still there")
  end,
}

step "registry" {
  on = master,
  probe = function(run, db)
    local status = db:value("select status from identity.tenant where id = $1", facts(run).id)
    return status == "retired" and "done" or "not_done", "tenant " .. slug(run) .. " is " .. tostring(status)
  end,
  tx = function(db, run)
    local before = db:value("select status from identity.tenant where id = $1 for update", facts(run).id)
    db:exec("update identity.tenant set status = 'retired', db_config_ref = null, updated_at = now() where id = $1", facts(run).id)
    db:audit { tenant = slug(run), object = "tenant " .. slug(run), action = "retire", before = { status = before, database = facts(run).database },
               after = { status = "retired", reason = run.reason, archive = run.outputs["last archive/register"] and run.outputs["last archive/register"].path } }
  end,
  verify = function(run)
    fleet:refresh()
    expect(tenants:get(slug(run)).status == "retired", "the registry does not say so")
  end,
}
