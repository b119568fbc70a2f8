-- A sibling becomes the tenant: writes stop at both, the registry names the sibling's database in one transaction, the
-- application reads that, and only then are writes taken again. The former database stays, fenced; the way back is
-- this same runbook with the former database as the sibling, until retire_tenant drops it.
--   tenantsh run tenant_cutover --input tenant=acme --input sibling=acme-restore-20260427t1500z --confirm acme

local function check_sibling(value)
  return value:match("^[a-z][a-z0-9-]*$") and true or "\"" .. value .. "\" is no slug: tenantsh tenants list --where label.sibling_of=…"
end

local function check_drift(value)
  return (value == "any" or value:match("^%d+$")) and true or "\"" .. value .. "\" is neither a number of rows nor any"
end

runbook "tenant_cutover" {
  brief = "The tenant works on the sibling's database; its former one is kept, fenced",
  inputs = {
    tenant        = input.tenant  { status = { "active", "read_only", "suspended" }, help = "who moves" },
    sibling       = input.text    { check = check_sibling, help = "its restored copy; or its former database, to go back" },
    drift         = input.text    { default = "0", check = check_drift, help = "rows of a table that may differ; any: nothing is compared" },
    tables        = input.text    { default = "identity.organization, security.app_user, members.member",
                                    help = "which tables are compared, also as globs, separated by commas; *: all" },
    keep_days     = input.number  { default = 7, check = function(value) return value >= 7 or "at least 7 days" end,
                                    help = "how long the former database is kept at least" },
    db_config_ref = input.secret  { optional = true, help = "the secret that holds the connection string to the sibling already" },
  },
  locks = function(run) return { "tenant " .. run.tenant.slug, "tenant " .. run.sibling } end,
}

local function facts(run) return run.outputs["prepare/look"] end
local function sibling_now(run) return run.outputs["switch/registry"] and facts(run).former or run.sibling end

local function list(text)
  local names = {}
  for name in text:gmatch("[^,%s]+") do names[#names + 1] = name end
  return names
end

local function place(row) return row.server .. "/" .. row.database_name .. (row.schema_name and "." .. row.schema_name or "") end

-- The sessions of others in a database: who still works there. An admin that is no member of their roles is told who
-- they are, not what they do: then the other columns are null.
local sessions_sql = [[select pid, usename, application_name, host(client_addr) as client, state,
                              to_char(state_change at time zone 'UTC', 'HH24:MI:SS') as since
                       from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and usesysid is not null
                         and coalesce(backend_type, 'client backend') = 'client backend' and application_name not like 'tenantsh %' order by pid]]

local function sessions(db, run)
  local found = {}
  if facts(run).from.schema then return found end -- the neighbours' sessions are in the same database: the fence ended the tenant's own
  for row in db:query(sessions_sql, facts(run).from.database) do
    local told = { row.application_name ~= "" and row.application_name or "no application_name" }
    if row.client then told[#told + 1] = row.client end
    if row.state then told[#told + 1] = row.state .. " since " .. tostring(row.since) end
    found[#found + 1] = "pid " .. row.pid .. " " .. tostring(row.usename) .. " (" .. table.concat(told, ", ") .. ")"
  end
  return found
end

section "prepare" (function()
  step "look" {
    on = master, read_only = true,
    tx = function(db, run)
      local sql = [[select t.id, t.slug, t.status, t.placement, t.database_name, t.schema_name, t.db_config_ref, s.name as server, s.status as server_status,
                           t.labels ->> 'sibling_of' as sibling_of, to_char(now() at time zone 'UTC', 'YYYYMMDD"t"HH24MISS"z"') as stamp
                    from identity.tenant t join identity.db_server s on s.id = t.server_id where t.slug = $1]]
      local tenant, sibling = db:one(sql, run.tenant.slug), db:one(sql, run.sibling)
      expect(sibling, "there is no tenant " .. run.sibling, "tenantsh run tenant_restore --input tenant=" .. run.tenant.slug)
      expect(tenant.id ~= sibling.id, "tenant and sibling are the same: " .. run.sibling)
      expect(not tenant.sibling_of, run.tenant.slug .. " is itself a sibling, of " .. tostring(tenant.sibling_of))
      expect(sibling.sibling_of == tenant.slug, run.sibling .. " is no sibling of " .. tenant.slug ..
             (sibling.sibling_of and ", but of " .. sibling.sibling_of or ": it is a tenant of its own"),
             "tenantsh run tenant_restore --input tenant=" .. tenant.slug)
      expect(sibling.status == "read_only" or sibling.status == "suspended", "sibling " .. sibling.slug .. " is " .. sibling.status ..
             "; one that is whole and fenced is read_only or suspended", "tenantsh runs list")
      expect(sibling.server_status == "active", "server " .. sibling.server .. " is " .. sibling.server_status)
      expect(tenant.placement == sibling.placement, tenant.slug .. " is a " .. tenant.placement .. ", " .. sibling.slug .. " a " .. sibling.placement)
      expect(tenant.placement == "database" or sibling.db_config_ref or run.db_config_ref, "the connection string of a tenant in a schema says which schema: name the secret that holds it",
             "--input db_config_ref=file:…")
      expect(tenant.db_config_ref, "tenant " .. tenant.slug .. " has no db_config_ref: no application works on it")
      local former = tenant.slug:sub(1, 14):gsub("-+$", "") .. "-before-" .. tenant.stamp
      expect(not db:one("select 1 from identity.tenant where slug = $1", former), "there is a tenant " .. former .. " already", "try again in a second")
      return { tenant_id = tenant.id, sibling_id = sibling.id, former = former, was = tenant.status,
               from = { server = tenant.server, database = tenant.database_name, schema = tenant.schema_name, place = place(tenant), ref = tenant.db_config_ref },
               to = { server = sibling.server, database = sibling.database_name, schema = sibling.schema_name, place = place(sibling) } }
    end,
  }

  -- A former database is suspended: nobody could try its login.
  step "sibling can be read" {
    probe = function(run)
      local status = tenants:get(run.sibling).status
      return status == "read_only" and "done" or "not_done", "sibling " .. run.sibling .. " is " .. status
    end,
    effect = function(run) tenants:get(run.sibling):set_status { status = "read_only", reason = "cutover of " .. run.tenant.slug, take = true } end,
    undo = function(run) tenants:get(run.sibling):set_status { status = "suspended", reason = "cutover undone", take = true } end,
  }

  step "login" {
    probe = function(run)
      local ref = tenants:get(run.sibling).db_config_ref
      if not ref or ref == "" then return "not_done" end
      tenants:get(run.sibling):check_login { ref = ref }
      return "done", ref .. " opens " .. facts(run).to.database, { ref = ref }
    end,
    effect = function(run)
      return { ref = tenants:get(run.sibling):issue_login { like = facts(run).from.ref, db_config_ref = run.db_config_ref and tostring(run.db_config_ref) } }
    end,
    verify = function(run, issued) tenants:get(run.sibling):check_login { ref = issued.ref } end,
    undo = function(run)
      if not run.db_config_ref then tenants:get(run.sibling):withdraw_login { like = facts(run).from.ref } end
    end,
  }
end)

section "switch" (function()
  -- Its release takes writes again, wherever the registry then says that the tenant is: at the former database when
  -- the switch did not happen, else at the new one. The other stays fenced.
  step "stop writes" {
    probe = function(run)
      local tenant = tenants:get(run.tenant.slug)
      local fence = tenant:fence()
      if tenant.status == "active" or fence.state ~= "up" then return "not_done", "tenant is " .. tenant.status .. ", fence " .. fence.state end
      return "done", "tenant is " .. tenant.status .. ", fenced since " .. fence.since, { before = tenant.status }
    end,
    effect = function(run)
      local status = facts(run).was == "suspended" and "suspended" or "read_only"
      return { before = tenants:get(run.tenant.slug):set_status { status = status, reason = "cutover to " .. run.sibling }.before }
    end,
    release = function(run, outputs)
      fleet:refresh()
      tenants:get(run.tenant.slug):set_status { status = facts(run).was, reason = "cutover to " .. run.sibling, take = true }
    end,
  }

  step "parity" {
    on = master, read_only = true,
    when = function(run) return run.drift ~= "any" end,
    tx = function(_, run)
      local differ, compared = {}, 0
      for row in tenants:get(run.tenant.slug):parity { with = run.sibling, tables = run.tables ~= "*" and list(run.tables) or nil, drift = tonumber(run.drift) } do
        compared = compared + 1
        if row.state ~= "same" and row.state ~= "within drift" and row.kind == "table" then
          differ[#differ + 1] = row.table .. ": " .. tostring(row.differing or row.state) .. (row.differing and " rows differ" or "")
        end
      end
      expect(compared > 0, "nothing was compared", "--input tables='*'")
      expect(#differ == 0, run.sibling .. " is not what " .. run.tenant.slug .. " is: " .. table.concat(differ, "; "),
             "look: tenantsh tenants parity " .. run.tenant.slug .. " --with " .. run.sibling .. "; rows that may be lost: --input drift=N, or drift=any")
      return { compared = compared }
    end,
  }

  step "registry" {
    on = master, destructive = true,
    confirm = "Shall the tenant work on the sibling's database? What was written since the copy was taken stays in the former one.",
    probe = function(run, db)
      local now = db:one("select t.database_name, t.schema_name, s.name as server from identity.tenant t join identity.db_server s on s.id = t.server_id where t.id = $1", facts(run).tenant_id)
      if place(now) == facts(run).to.place then return "done", run.tenant.slug .. " is at " .. facts(run).to.place end
      return "not_done", run.tenant.slug .. " is at " .. facts(run).from.place
    end,
    pre = function(run)
      for _, slug in ipairs { run.tenant.slug, run.sibling } do
        expect(tenants:get(slug):fence().state == "up", slug .. " is not fenced: writes would be lost or come twice", "tenantsh runs resume")
      end
    end,
    tx = function(db, run)
      local tenant_id, sibling_id = facts(run).tenant_id, facts(run).sibling_id
      local ref = run.outputs["prepare/login"].ref
      -- One row takes the other's place and the other way round; the constraint on places is deferred for this.
      db:exec([[update identity.tenant t set server_id = o.server_id, database_name = o.database_name, schema_name = o.schema_name, placement = o.placement,
                       db_config_ref = case when t.id = $1 then $3 else $4 end,
                       slug = case when t.id = $2 then $5 else t.slug end,
                       labels = case when t.id = $2 then t.labels - 'restored_from' - 'taken_at' ||
                         jsonb_build_object('sibling_of', $6::text, 'replaced_at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                                            'keep_until', to_char((now() + make_interval(days => $7::integer)) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) else t.labels end,
                       display_name = case when t.id = $2 then o.display_name || ' (before ' || to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ')' else t.display_name end,
                       updated_at = now()
                from identity.tenant o where t.id in ($1, $2) and o.id in ($1, $2) and o.id <> t.id]],
              tenant_id, sibling_id, ref, facts(run).from.ref, facts(run).former, run.tenant.slug, run.keep_days)
      db:audit { tenant = run.tenant.slug, object = "tenant " .. run.tenant.slug, action = "cutover",
                 before = { place = facts(run).from.place, db_config_ref = facts(run).from.ref },
                 after = { place = facts(run).to.place, db_config_ref = ref, former = facts(run).former } }
      db:exec("select pg_notify('tenant_config', $1)", '{"tenant": "' .. run.tenant.slug .. '", "action": "cutover"}')
      return { at = db:value("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"), former = facts(run).former, ref = ref }
    end,
    verify = function(run, _, db)
      fleet:refresh()
      local sql = "select t.database_name, t.schema_name, s.name as server from identity.tenant t join identity.db_server s on s.id = t.server_id where t.id = $1"
      expect(place(db:one(sql, facts(run).tenant_id)) == facts(run).to.place and place(db:one(sql, facts(run).sibling_id)) == facts(run).from.place,
             "the registry does not say so")
    end,
  }

  step "application reads it" {
    on = master,
    probe = function(run, db)
      if fleet:application().restart ~= "" then return "not_done" end
      local passed = db:value("select extract(epoch from clock_timestamp() - $1::timestamptz)::integer", run.outputs["switch/registry"].at)
      return passed >= fleet:application().cache_seconds and "done" or "not_done", passed .. " s since the switch"
    end,
    effect = function(run, db)
      if fleet:application().restart ~= "" then return { restarted = fleet:restart_application { tenant = run.tenant.slug }.elapsed_ms } end
      db:exec("select pg_sleep(greatest(0, extract(epoch from $1::timestamptz + make_interval(secs => $2::float8) - clock_timestamp())))",
              run.outputs["switch/registry"].at, fleet:application().cache_seconds)
      return { waited = fleet:application().cache_seconds }
    end,
  }

  -- Suspended: its sessions are ended and no application may come back; who had not read the new reference is seen here.
  step "former database is left" {
    on = function(run) return { server = facts(run).from.server, database = "postgres" } end,
    probe = function(run, db)
      local former = tenants:get(facts(run).former)
      if former.status ~= "suspended" then return "not_done", "it is " .. former.status end
      return #sessions(db, run) == 0 and "done" or "not_done"
    end,
    effect = function(run, db)
      fleet:refresh()
      local former = tenants:get(facts(run).former)
      local late = sessions(db, run)
      former:set_status { status = "suspended", reason = "replaced by " .. run.sibling, take = true }
      return { late = late }
    end,
    verify = function(run, _, db)
      local left = sessions(db, run)
      expect(#left == 0, "still at work on the former database: " .. table.concat(left, "; "), "end them, then retry")
    end,
  }
end)

step "verify" {
  on = master, read_only = true,
  tx = function(_, run)
    fleet:refresh()
    local tenant, former = tenants:get(run.tenant.slug), tenants:get(facts(run).former)
    expect(tenant.status == facts(run).was, "tenant " .. tenant.slug .. " is " .. tenant.status .. ", it was " .. facts(run).was,
           "tenantsh run tenant_status --input tenant=" .. tenant.slug .. " --input status=" .. facts(run).was)
    if tenant.status ~= "suspended" then tenant:check_login() end
    expect(former:fence().state == "up", "the former database is not fenced", "tenantsh run tenant_status --input tenant=" .. former.slug .. " --input status=suspended")
    return { at = facts(run).to.place, former = former.slug, late = (run.outputs["switch/former database is left"] or {}).late, -- not known when that step was killed
             way_back = "tenantsh run tenant_cutover --input tenant=" .. tenant.slug .. " --input sibling=" .. former.slug .. " --input drift=any --confirm " .. tenant.slug }
  end,
}
