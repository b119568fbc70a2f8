#!/usr/bin/env tenantsh
-- What no foreign key can forbid: claims billed to somebody else's coverage, to a coverage that was over, and remitted
-- claims of another payer.
return tenants:query [[
  select what, count(*) as rows from (
    select 'claim on the coverage of another member' as what
    from claims.claim c join members.coverage v on v.id = c.coverage_id where v.member_id <> c.member_id
    union all
    select 'claim outside its coverage''s time'
    from claims.claim c join members.coverage v on v.id = c.coverage_id
    where c.service_from not between v.effective_from and coalesce(v.effective_to, 'infinity')
    union all
    select 'remitted by another payer'
    from remits.remit_claim rc join remits.remittance r on r.id = rc.remittance_id
    join claims.claim c on c.id = rc.claim_id join members.coverage v on v.id = c.coverage_id
    where v.payer_code <> r.payer_code
  ) as found group by what order by what]]
