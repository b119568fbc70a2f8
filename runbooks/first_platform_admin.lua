-- The first person who may operate the platform: user, role, assignment.

runbook "first_platform_admin" {
  brief = "One platform user who is an administrator and must change the password",
  inputs = {
    email        = input.text   { help = "e-mail address, the login",
                                  check = function(value)
                                    return value:match("^[^@%s]+@[^@%s]+%.[^@%s]+$") and true or "\"" .. value .. "\" is no e-mail address"
                                  end },
    display_name = input.text   { default = function(given) return given.email:match("^[^@]+") end, help = "as shown to others" },
    password     = input.secret { help = "where the first password is kept: env:NAME, file:PATH, prompt:" },
    role         = input.text   { default = "platform_admin", help = "code of the role" },
  },
  locks = function() return { "platform users" } end,
}

step "user" {
  on = master,
  pre = function(run, db)
    expect(db:value("select count(*) from security.platform_role where code = $1", run.role) == 1,
           "no role \"" .. run.role .. "\"; there are: " ..
           db:value("select string_agg(code, ', ' order by code) from security.platform_role"))
    local weak = run.password:weakness()
    expect(not weak, "the password is refused: " .. tostring(weak), "put another one behind " .. tostring(run.password))
  end,
  probe = function(run, db)
    local row = db:one("select is_active from security.platform_user where email = $1", run.email)
    if not row then return "not_done" end
    if not row.is_active then return "broken", run.email .. " is there but not active" end
    return "done", run.email .. " is there"
  end,
  tx = function(db, run)
    local row = db:one([[insert into security.platform_user (email, display_name, password_hash, must_change_password)
                         values ($1, $2, crypt($3, gen_salt('bf', 12)), true) returning id]],
                       run.email, run.display_name, run.password)
    return { id = row.id }
  end,
}

step "assignment" {
  on = master,
  probe = function(run, db)
    local found = db:value([[select count(*) from security.platform_role_assignment a
                             join security.platform_user u on u.id = a.user_id
                             where u.email = $1 and a.role_code = $2]], run.email, run.role)
    if found == 0 then return "not_done" end
    return "done", run.email .. " is " .. run.role
  end,
  tx = function(db, run)
    db:exec([[insert into security.platform_role_assignment (user_id, role_code, reason)
              select id, $2, 'first platform administrator' from security.platform_user where email = $1]],
            run.email, run.role)
    db:audit { object = "platform user " .. run.email, action = "grant", after = { role = run.role } }
  end,
}

step "verify" {
  on = master, read_only = true,
  tx = function(db, run)
    local user = db:one([[select u.must_change_password, left(u.password_hash, 4) as scheme, count(a.role_code) as roles
                          from security.platform_user u left join security.platform_role_assignment a on a.user_id = u.id
                          where u.email = $1 group by u.id]], run.email)
    expect(user and user.roles > 0, run.email .. " has no role")
    return { email = run.email, hash = user.scheme, must_change_password = user.must_change_password, roles = user.roles }
  end,
}
