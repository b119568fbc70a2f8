-- A further server: reach it, check its version, our rights and its room, register it, prove it.

local oldest_version = 130000
local known = environment.known_servers

local function from_configuration(key)
  return function(given) return known[given.name] and known[given.name][key] end
end

runbook "register_server" {
  brief = "One more server that tenants can be placed on",
  inputs = {
    name         = input.text   { help = "its name in the registry" },
    region       = input.text   { default = from_configuration "region", help = "its region" },
    host         = input.text   { default = from_configuration "host", help = "its host name or socket folder" },
    port         = input.number { default = from_configuration "port", help = "its port" },
    admin_user   = input.text   { default = from_configuration "admin_user", help = "login that may create databases and roles" },
    admin_secret = input.secret { default = from_configuration "admin_secret_ref", help = "where that login's password is kept" },
    capacity     = input.number { default = function(given) return known[given.name] and known[given.name].capacity_tenants or 100 end,
                                  help = "tenants it may hold" },
  },
  locks = function(run) return { "server " .. run.name } end,
}

local function this_server(run)
  return { name = run.name, host = run.host, port = run.port, admin_user = run.admin_user,
           admin_secret = run.admin_secret, database = "postgres" }
end

step "reach" {
  on = this_server, read_only = true,
  tx = function(db, run)
    local server = db:one([[select current_setting('server_version') as version,
                                   current_setting('server_version_num')::int as number, rolname,
                                   current_setting('max_connections')::int as connections,
                                   rolcreatedb or rolsuper as may_create_databases,
                                   rolcreaterole or rolsuper as may_create_roles,
                                   has_database_privilege(current_database(), 'CREATE') as may_mark
                            from pg_roles where rolname = current_user]])
    expect(server.number >= oldest_version, "PostgreSQL " .. server.version .. " is too old", "13 or later is needed")
    local role = db:identifier(server.rolname)
    expect(server.may_create_databases, server.rolname .. " may not create databases", "as a superuser: ALTER ROLE " .. role .. " CREATEDB")
    expect(server.may_create_roles, server.rolname .. " may not create roles", "as a superuser: ALTER ROLE " .. role .. " CREATEROLE")
    expect(server.may_mark, server.rolname .. " has no CREATE on database postgres, where steps leave their markers",
           "as a superuser: GRANT CREATE ON DATABASE postgres TO " .. role)
    expect(run.capacity > 0, "a capacity of " .. run.capacity .. " tenants holds none", "--input capacity=100")
    return { version = server.version, max_connections = server.connections }
  end,
}

step "reader role" {
  on = this_server,
  probe = function(_, db)
    local may = db:value("select count(*) from pg_roles where rolname = 'tenantsh_reader' and pg_has_role(current_user, oid, 'member')")
    if may == 0 then return "not_done" end
    return "done", "role tenantsh_reader is there"
  end,
  tx = function(db)
    if db:value("select count(*) from pg_roles where rolname = 'tenantsh_reader'") == 0 then
      db:exec("create role tenantsh_reader nologin")
    end
    db:exec("grant pg_read_all_data to tenantsh_reader")
    db:exec("grant tenantsh_reader to current_user")
  end,
}

step "register" {
  on = master,
  pre = function(run, db)
    local twin = db:value("select name from identity.db_server where host = $1 and port = $2 and name <> $3", run.host, run.port, run.name)
    expect(not twin, "that host and port are registered as " .. tostring(twin))
  end,
  probe = function(run, db)
    local row = db:one("select host, port, status from identity.db_server where name = $1", run.name)
    if not row then return "not_done" end
    if row.host ~= run.host or row.port ~= run.port then
      return "broken", "server " .. run.name .. " is registered as " .. row.host .. ":" .. row.port
    end
    return "done", "server " .. run.name .. " is " .. row.status
  end,
  tx = function(db, run)
    local row = db:one([[insert into identity.db_server
                           (name, region, host, port, admin_user, admin_secret_ref, status, capacity_tenants)
                         values ($1, $2, $3, $4, $5, $6, 'active', $7) returning id]],
                       run.name, run.region, run.host, run.port, run.admin_user, tostring(run.admin_secret), run.capacity)
    db:audit { object = "server " .. run.name, action = "register", after = { host = run.host, port = run.port } }
    return { id = row.id }
  end,
}

step "verify" {
  on = this_server, read_only = true,
  tx = function(db, run)
    expect(servers:get(run.name).status == "active", "server " .. run.name .. " is registered but not active")
    expect(#servers:get(run.name):reach() == 1, "server " .. run.name .. " does not answer through the registry")
    return { databases = db:value("select count(*) from pg_database where not datistemplate") }
  end,
}
