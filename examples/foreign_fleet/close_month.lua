-- A month is closed in the books of every chosen customer, exactly once, however often this is run.
--   tenantsh run ./close_month.lua --input month=2026-10 --yes

runbook "close_month" {
  brief = "The month is closed in every chosen customer's books",
  inputs = {
    month   = input.text      { help = "YYYY-MM" },
    tenants = input.selection { default = "all", help = "whose books" },
  },
}

step "close" {
  on = function(run) return tenants[run.item] end,
  each = function(run)
    local slugs = {}
    for tenant in run.tenants do slugs[#slugs + 1] = tenant.slug end
    return slugs
  end,
  tx = function(db, run)
    return { closed = db:exec("insert into books.closed_month (month) values ($1) on conflict do nothing", run.month) }
  end,
  verify = function(run, _, db)
    expect(db:value("select count(*) from books.closed_month where month = $1", run.month) == 1, run.month .. " is open")
  end,
}
