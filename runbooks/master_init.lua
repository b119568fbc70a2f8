-- Makes the control-plane database from nothing: database, extensions, reader role, schemas and reference data,
-- the first server. Safe to run again at any time: what is there is found by the probes.

local first = environment.first_server or {}
local oldest_version = 130000

local schemas = { "identity", "security", "rcm_master", "reference" }
local must_have_rows = { "rcm_master.payer", "rcm_master.procedure_service_line", "rcm_master.modifier_injection_rule" }
local verticals = { "professional", "institutional", "dental", "behavioral_health", "dme", "home_health", "transport" }

runbook "master_init" {
  brief = "Master has its schemas, its reference data and the first server; no tenants",
  inputs = {
    server       = input.text   { default = first.name, help = "name of the first tenant server" },
    region       = input.text   { default = first.region, help = "its region" },
    host         = input.text   { default = first.host, help = "its host name or socket folder" },
    port         = input.number { default = first.port or 5432, help = "its port" },
    admin_user   = input.text   { default = first.admin_user, help = "login that may create databases and roles" },
    admin_secret = input.secret { default = first.admin_secret_ref, help = "where that login's password is kept" },
    capacity     = input.number { default = first.capacity_tenants or 100, help = "tenants it may hold" },
  },
  locks = function() return { "master" } end,
}

local function count(db, relation) return db:value("select count(*) from " .. relation) end

-- What is empty although it must not be, and the seed files that fill it.
local function empty_tables(db)
  local empty = {}
  for _, relation in ipairs(must_have_rows) do
    if count(db, relation) == 0 then empty[#empty + 1] = relation end
  end
  return empty
end

local function missing_verticals(db)
  local missing = {}
  for _, vertical in ipairs(verticals) do
    if db:value("select count(*) from rcm_master.procedure_service_line where vertical = $1", vertical) == 0 then
      missing[#missing + 1] = vertical
    end
  end
  return missing
end

step "database" {
  on = "master server",
  pre = function(_, db)
    local admin = db:one("select rolname, rolcreatedb or rolsuper as may_create from pg_roles where rolname = current_user")
    expect(admin.may_create, "role " .. admin.rolname .. " may not create databases",
           "as a superuser: ALTER ROLE " .. db:identifier(admin.rolname) .. " CREATEDB")
  end,
  probe = function(_, db)
    local row = db:one([[select pg_get_userbyid(datdba) as owner, datconnlimit from pg_database where datname = $1]],
                       environment.master.database)
    if not row then return "not_done" end
    if row.datconnlimit == -2 then
      return "broken", "database " .. environment.master.database .. " was left half dropped; drop it: DROP DATABASE " ..
                       db:identifier(environment.master.database)
    end
    return "done", "database " .. environment.master.database .. " exists, owned by " .. row.owner
  end,
  effect = function(_, db)
    db:exec("create database " .. db:identifier(environment.master.database) .. " owner " ..
            db:identifier(environment.master.user) .. " encoding 'UTF8' template template0")
  end,
}

step "preflight" {
  on = master,
  pre = function(_, db)
    local server = db:one("select current_setting('server_version') as version, current_setting('server_version_num')::int as number")
    expect(server.number >= oldest_version, "PostgreSQL " .. server.version .. " is too old", "13 or later is needed")
    local here = db:one([[select current_user as admin, current_database() as database, pg_get_userbyid(datdba) as owner,
                                 has_database_privilege(current_database(), 'CREATE') as may_create
                          from pg_database where datname = current_database()]])
    for _, extension in ipairs { "citext", "pgcrypto" } do
      expect(db:value("select count(*) from pg_available_extensions where name = $1", extension) == 1,
             "extension " .. extension .. " is not installed on the master's server", "apt install postgresql-contrib")
      local present = db:value("select count(*) from pg_extension where extname = $1", extension) == 1
      expect(present or here.may_create,
             "permission denied to create extension " .. extension .. ": " .. here.admin ..
             " has no CREATE on database " .. here.database .. ", which " .. here.owner .. " owns",
             "as " .. here.owner .. " or a superuser: GRANT CREATE ON DATABASE " .. db:identifier(here.database) ..
             " TO " .. db:identifier(here.admin))
    end
    expect(here.may_create, here.admin .. " has no CREATE on database " .. here.database .. ", which " .. here.owner .. " owns",
           "as " .. here.owner .. " or a superuser: GRANT CREATE ON DATABASE " .. db:identifier(here.database) ..
           " TO " .. db:identifier(here.admin))
  end,
  probe = function(_, db)
    local found = db:value("select count(*) from pg_extension where extname in ('citext', 'pgcrypto')")
    if found < 2 or not db:value("select has_database_privilege(current_database(), 'CREATE')") then return "not_done" end
    return "done", "PostgreSQL " .. db:value("select current_setting('server_version')") .. ", TLS " ..
                   db:value("select current_setting('ssl')") .. ", citext and pgcrypto are there"
  end,
  tx = function(db)
    db:exec("create extension if not exists citext")
    db:exec("create extension if not exists pgcrypto")
    return { version = db:value("select current_setting('server_version')"), tls = db:value("select current_setting('ssl')") }
  end,
}

local function reader_probe(_, db)
  local may = db:value("select count(*) from pg_roles where rolname = 'tenantsh_reader' and pg_has_role(current_user, oid, 'member')")
  if may == 0 then return "not_done" end
  return "done", "role tenantsh_reader is there"
end

local function reader_role(db)
  if db:value("select count(*) from pg_roles where rolname = 'tenantsh_reader'") == 0 then
    db:exec("create role tenantsh_reader nologin")
  end
  db:exec("grant pg_read_all_data to tenantsh_reader")
  db:exec("grant tenantsh_reader to current_user")
end

local function may_create_roles(_, db)
  local admin = db:one("select rolname, rolcreaterole or rolsuper as may_create from pg_roles where rolname = current_user")
  expect(admin.may_create, "role " .. admin.rolname .. " may not create roles",
         "as a superuser: ALTER ROLE " .. db:identifier(admin.rolname) .. " CREATEROLE")
end

step "reader role" { on = master, pre = may_create_roles, probe = reader_probe, tx = reader_role }

step "migrations" {
  on = master,
  probe = function(_, db)
    local status = migrations:status { scope = "master" }
    local applied, pending = 0, 0
    for _, file in ipairs(status) do
      if file.state == "applied" then applied = applied + 1
      elseif file.state == "pending" then pending = pending + 1
      else return "broken", file.name .. " is " .. file.state end
    end
    if pending > 0 then return "not_done", pending .. " files pending" end
    if db:value("select count(*) from identity.tenant_audit where object = 'master' and action = 'migrate'") == 0 then
      return "not_done", applied .. " files applied, and no audit row says so"
    end
    return "done", applied .. " files applied"
  end,
  effect = function(_, db)
    local applied = #migrations:up { scope = "master" }
    -- An earlier process may have ended between its last file and the audit row.
    if applied == 0 then db:audit { object = "master", action = "migrate", after = { files = "see tenantsh.ledger" } } end
    return { applied = applied }
  end,
}

step "environment" {
  on = master,
  probe = function(_, db)
    if db:value("select count(*) from identity.environment where name = $1", environment.name) == 0 then return "not_done" end
    return "done", "master knows itself as " .. environment.name
  end,
  tx = function(db)
    db:exec([[insert into identity.environment (name, system_identifier, guard)
              select $1, system_identifier, $2 from pg_control_system()]], environment.name, environment.guard)
  end,
}

step "schemas" {
  on = master, read_only = true,
  tx = function(db)
    local tables = {}
    for _, schema in ipairs(schemas) do
      local found = db:value([[select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
                               where n.nspname = $1 and c.relkind in ('r', 'p')]], schema)
      expect(found > 0, "schema " .. schema .. " is missing or empty",
             "compare with: tenantsh migrate status")
      tables[#tables + 1] = { schema = schema, tables = found }
    end
    return { schemas = tables }
  end,
}

include "first server" {
  runbook = "register_server",
  inputs = function(run)
    return { name = run.server, region = run.region, host = run.host, port = run.port, admin_user = run.admin_user,
             admin_secret = run.admin_secret, capacity = run.capacity }
  end,
}

step "reference data" {
  on = master,
  confirm = "Run the seed migrations that fill the empty tables again?",
  probe = function(_, db)
    local lacking = empty_tables(db)
    for _, vertical in ipairs(missing_verticals(db)) do lacking[#lacking + 1] = "service lines of " .. vertical end
    if #lacking > 0 then
      return "not_done", "no rows: " .. table.concat(lacking, ", ") .. "; the seeds that fill them: " ..
                         table.concat(seeds:filling { tables = must_have_rows }, ", ")
    end
    return "done", "payers, service lines of every vertical and modifier rules are there"
  end,
  effect = function() return { seeds = #seeds:run { names = seeds:filling { tables = must_have_rows } } } end,
  verify = function(_, _, db)
    local empty = empty_tables(db)
    expect(#empty == 0, "still empty: " .. table.concat(empty, ", "))
    expect(#missing_verticals(db) == 0, "no service lines for: " .. table.concat(missing_verticals(db), ", "))
  end,
}

step "validation" {
  on = master, read_only = true,
  tx = function(db)
    local checks = {}
    local function check(name, found, wanted, good)
      checks[#checks + 1] = { check = name, found = tostring(found), wanted = wanted, result = good and "pass" or "FAIL" }
    end
    local present = db:value("select count(*) from pg_namespace where nspname in ('identity', 'security', 'rcm_master', 'reference')")
    check("schemas present", present, "4", present == 4)
    local files = #migrations:status { scope = "master" }
    local rows = db:value("select count(*) from tenantsh.ledger where scope = 'master'")
    check("ledger rows", rows, "files: " .. files .. ", 50 or more", rows == files and rows >= 50)
    local active = db:value("select count(*) from identity.db_server where status = 'active'")
    local reached = #servers:reach()
    local all = count(db, "identity.db_server")
    check("active servers", active, "at least 1", active >= 1)
    check("servers reached", reached, tostring(all), reached == all)
    for _, relation in ipairs(must_have_rows) do
      local found = count(db, relation)
      check(relation, found, "more than 0", found > 0)
    end
    check("verticals without service lines", #missing_verticals(db), "0", #missing_verticals(db) == 0)
    for _, line in ipairs(checks) do
      expect(line.result == "pass", line.check .. ": found " .. line.found .. ", wanted " .. line.wanted)
    end
    return checks
  end,
}
