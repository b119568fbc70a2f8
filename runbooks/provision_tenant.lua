-- A new tenant with a database of its own: registry row, roles, database, the tenant set, the application's login,
-- the first administrator, then active. Every step says what is there, so a second run goes on where one stopped.

-- The shipped set is seven schemas; only a set written with {schema_name} can be placed as one schema.
local schemas = { "identity", "security", "members", "eligibility", "claims", "remits", "pgboss" }
local reserved = { all = true, list = true, get = true, where = true, query = true }

local function check_slug(value)
  if not value:match("^[a-z][a-z0-9-]*$") or #value > 38 then
    return "\"" .. value .. "\" is no slug: a letter, then letters, digits and -, at most 38 characters, lower case"
  end
  if reserved[value] then return "\"" .. value .. "\" is the name of a method" end
  return true
end

local function check_email(value)
  return value:match("^[^@%s]+@[^@%s]+%.[^@%s]+$") and true or "\"" .. value .. "\" is no e-mail address"
end

runbook "provision_tenant" {
  brief = "One tenant from nothing to active",
  inputs = {
    slug          = input.text   { check = check_slug, help = "its short name" },
    display_name  = input.text   { default = function(given) return given.slug end, help = "as shown to people" },
    admin_email   = input.text   { default = function(given) return "admin@" .. given.slug .. ".example" end, check = check_email,
                                   help = "login of the tenant's first administrator" },
    server        = input.server { optional = true, help = "where; without it the least loaded active one with room" },
    placement     = input.enum   { "database", "schema", default = "database", help = "a database or a schema of its own" },
    db_config_ref = input.secret { optional = true, help = "the secret that holds, or will hold, its connection string" },
  },
  locks = function(run) return { "tenant " .. run.slug } end,
}

local function database_of(run) return "tenant_" .. run.slug:gsub("-", "_") end
local function owner_of(run) return database_of(run) .. "_owner" end
local function login_of(run) return database_of(run) .. "_app" end
local function server_of(run) return run.outputs["choose server"].server end
local function on_server(run) return { server = server_of(run), database = "postgres" } end
local function on_tenant(run) return { server = server_of(run), database = database_of(run) } end

-- A probe's answer: the evidence belongs to "done" only.
local function told(done, evidence)
  if done then return "done", evidence end
  return "not_done"
end

step "choose server" {
  on = master, read_only = true,
  tx = function(db, run)
    expect(run.placement == "database", "the shipped tenant set holds " .. #schemas .. " schemas and can only be placed as a database",
           "--input placement=database")
    local taken = db:one([[select t.status, s.name as server, s.status as server_status from identity.tenant t
                           join identity.db_server s on s.id = t.server_id where t.slug = $1]], run.slug)
    if taken then
      expect(taken.status == "provisioning", "slug " .. run.slug .. " is taken by a tenant that is " .. taken.status,
             "choose another slug, or look: tenantsh tenants get " .. run.slug)
      return { server = taken.server }
    end
    local wanted = run.server and run.server.name
    local row = db:one([[select s.name, s.status, s.capacity_tenants,
                                count(t.id) filter (where t.status <> 'retired') as placed
                         from identity.db_server s left join identity.tenant t on t.server_id = s.id
                         where $1::text is null and s.status = 'active' or s.name = $1
                         group by s.id
                         order by count(t.id) filter (where t.status <> 'retired') < s.capacity_tenants desc,
                                  count(t.id) filter (where t.status <> 'retired')::numeric / greatest(s.capacity_tenants, 1), s.name
                         limit 1]], wanted)
    expect(row, "no server is active", "tenantsh run register_server")
    expect(row.status == "active", "server " .. row.name .. " is " .. row.status .. "; tenants are placed on active ones")
    expect(row.placed < row.capacity_tenants, "server " .. row.name .. " is full: " .. row.placed .. " of " ..
           row.capacity_tenants .. " tenants", "tenantsh run register_server")
    return { server = row.name }
  end,
}

step "registry row" {
  on = master,
  probe = function(run, db)
    local row = db:one("select status, database_name from identity.tenant where slug = $1", run.slug)
    if not row then return "not_done" end
    return "done", "tenant " .. run.slug .. " is " .. row.status
  end,
  tx = function(db, run)
    local row = db:one([[insert into identity.tenant (slug, display_name, status, server_id, placement, database_name)
                         select $1, $2, 'provisioning', id, 'database', $3 from identity.db_server where name = $4
                         returning id]], run.slug, run.display_name, database_of(run), server_of(run))
    db:audit { tenant = run.slug, object = "tenant " .. run.slug, action = "provision", after = { server = server_of(run) } }
    return { id = row.id }
  end,
  undo = function(run, _, db)
    db:exec("delete from identity.tenant where slug = $1 and status = 'provisioning'", run.slug)
    db:audit { object = "tenant " .. run.slug, action = "undo provision" }
  end,
}

step "roles" {
  on = on_server,
  probe = function(run, db)
    local found = db:value("select count(*) from pg_roles where rolname in ($1, $2)", owner_of(run), login_of(run))
    return told(found == 2, "roles " .. owner_of(run) .. " and " .. login_of(run))
  end,
  tx = function(db, run)
    local owner, login = db:identifier(owner_of(run)), db:identifier(login_of(run))
    db:exec("create role " .. owner .. " nologin")
    db:exec("create role " .. login .. " login nosuperuser nocreatedb nocreaterole")
    db:exec("grant " .. owner .. " to current_user")
  end,
  undo = function(run, _, db)
    db:exec("drop role " .. db:identifier(login_of(run)))
    db:exec("drop role " .. db:identifier(owner_of(run)))
  end,
}

section "database" (function()
  -- CREATE DATABASE is no transaction, a rename is: made under a name of the run, it gets its own name together
  -- with the step's marker, and a half-made one never has the tenant's name.
  step "create" {
    on = on_server,
    probe = function(run, db)
      local row = db:one([[select datname, datconnlimit from pg_database
                           where datname = $1 or datname like replace($1, '_', '\_') || '\_\_%' order by datname limit 1]], database_of(run))
      if not row then return "not_done" end
      if row.datconnlimit == -2 then return "broken", "database " .. row.datname .. " was left half dropped; drop it" end
      return "done", "database " .. row.datname .. " is there", { database = row.datname }
    end,
    effect = function(run, db)
      local name = database_of(run) .. "__" .. run.id
      db:exec("create database " .. db:identifier(name) .. " owner " .. db:identifier(owner_of(run)) .. " encoding 'UTF8' template template0")
      return { database = name }
    end,
    undo = function(run, _, db)
      for _, name in ipairs { database_of(run) .. "__" .. run.id, database_of(run) } do
        db:exec("drop database if exists " .. db:identifier(name) .. " with (force)")
      end
    end,
  }

  step "name" {
    on = on_server,
    probe = function(run, db)
      return told(db:value("select count(*) from pg_database where datname = $1", database_of(run)) == 1, "database " .. database_of(run))
    end,
    tx = function(db, run)
      db:exec("alter database " .. db:identifier(run.outputs["database/create"].database) .. " rename to " .. db:identifier(database_of(run)))
      return { database = database_of(run) }
    end,
    undo = function(run, _, db)
      db:exec("alter database " .. db:identifier(database_of(run)) .. " rename to " .. db:identifier(database_of(run) .. "__" .. run.id))
    end,
  }
end)

step "tenant set" {
  on = master,
  probe = function(run, db)
    local applied, pending = 0, 0
    for _, file in ipairs(migrations:status { tenants = run.slug }) do
      if file.state == "applied" then applied = applied + 1
      elseif file.state == "pending" then pending = pending + 1
      else return "broken", file.name .. " is " .. file.state end
    end
    local audited = db:value([[select count(*) from identity.tenant_audit a join identity.tenant t on t.id = a.tenant_id
                               where t.slug = $1 and a.action = 'migrate']], run.slug) > 0
    return pending == 0 and applied > 0 and audited, applied .. " files applied, " .. pending .. " pending" .. (audited and "" or ", not audited")
  end,
  effect = function(run, db)
    local applied = #migrations:up { tenants = run.slug, owner = owner_of(run) }
    -- An earlier process may have ended between its last file and the audit row.
    if applied == 0 then db:audit { tenant = run.slug, object = "tenant", action = "migrate", after = { files = "see tenantsh.ledger" } } end
    return { applied = applied }
  end,
  undo = "database/create",
}

step "rights" {
  on = on_tenant,
  probe = function(run, db)
    local granted = db:value("select bool_and(has_schema_privilege($1, nspname, 'USAGE')) from pg_namespace where nspname = any($2::text[])",
                             login_of(run), "{" .. table.concat(schemas, ",") .. "}")
    local open_to_all = db:value([[select has_database_privilege('public', current_database(), 'CONNECT')]])
    return told(granted and not open_to_all, "the application may use its schemas, nobody else may connect")
  end,
  tx = function(db, run)
    local login, owner, database = db:identifier(login_of(run)), db:identifier(owner_of(run)), db:identifier(database_of(run))
    db:exec("revoke connect, temporary on database " .. database .. " from public")
    db:exec("grant connect on database " .. database .. " to " .. login .. ", tenantsh_reader")
    for _, schema in ipairs(schemas) do
      db:exec("grant usage on schema " .. schema .. " to " .. login)
      db:exec("grant select, insert, update, delete on all tables in schema " .. schema .. " to " .. login)
      db:exec("grant usage on all sequences in schema " .. schema .. " to " .. login)
      db:exec("alter default privileges for role " .. owner .. " in schema " .. schema .. " grant select, insert, update, delete on tables to " .. login)
      db:exec("alter default privileges for role " .. owner .. " in schema " .. schema .. " grant usage on sequences to " .. login)
    end
  end,
  undo = "database/create",
}

step "application login" {
  probe = function(run)
    local ref = tenants:get(run.slug).db_config_ref
    if not ref or ref == "" then return "not_done" end
    tenants:get(run.slug):check_login { ref = ref }
    return "done", ref .. " opens the database"
  end,
  effect = function(run)
    return { ref = tenants:get(run.slug):issue_login { role = login_of(run), db_config_ref = run.db_config_ref and tostring(run.db_config_ref) } }
  end,
  verify = function(run, issued) tenants:get(run.slug):check_login { ref = issued.ref } end,
  undo = function(run)
    tenants:get(run.slug):withdraw_login { role = login_of(run), db_config_ref = run.db_config_ref and tostring(run.db_config_ref) }
  end,
}

step "first administrator" {
  on = on_tenant,
  probe = function(run, db)
    return told(db:value("select count(*) from security.app_user where email = $1", run.admin_email) == 1, run.admin_email .. " is there")
  end,
  tx = function(db, run)
    db:exec("insert into identity.organization (slug, display_name) values ($1, $2) on conflict (slug) do nothing", run.slug, run.display_name)
    local user = db:one([[insert into security.app_user (organization_id, email, display_name, must_change_password)
                          select id, $2::text, $2::text, true from identity.organization where slug = $1 returning id]], run.slug, run.admin_email)
    db:exec("insert into security.user_role (user_id, role_code) values ($1, 'tenant_admin')", user.id)
    return { id = user.id }
  end,
  undo = "database/create",
}

step "activate" {
  on = master,
  probe = function(run, db)
    local status = db:value("select status from identity.tenant where slug = $1", run.slug)
    return told(status == "active", "tenant " .. run.slug .. " is active")
  end,
  tx = function(db, run)
    db:exec([[update identity.tenant set status = 'active', db_config_ref = $2, updated_at = now()
              where slug = $1 and status = 'provisioning']], run.slug, run.outputs["application login"].ref)
    db:audit { tenant = run.slug, object = "tenant " .. run.slug, action = "status", before = { status = "provisioning" }, after = { status = "active" } }
  end,
  undo = function(run, _, db)
    db:exec("update identity.tenant set status = 'provisioning', db_config_ref = null, updated_at = now() where slug = $1", run.slug)
    db:audit { tenant = run.slug, object = "tenant " .. run.slug, action = "status", before = { status = "active" }, after = { status = "provisioning" } }
  end,
}

step "verify" {
  on = on_tenant, read_only = true,
  tx = function(db, run)
    local tenant = tenants:get(run.slug)
    expect(tenant.status == "active", "tenant " .. run.slug .. " is " .. tenant.status)
    for _, file in ipairs(migrations:status { tenants = run.slug }) do
      expect(file.state == "applied", "migration " .. file.name .. " is " .. file.state)
    end
    tenant:check_login { ref = tenant.db_config_ref }
    return { server = server_of(run), database = database_of(run), secret = tenant.db_config_ref,
             migrations = db:value("select count(*) from tenantsh.ledger where scope = 'tenant'"),
             users = db:value("select count(*) from security.app_user") }
  end,
}
