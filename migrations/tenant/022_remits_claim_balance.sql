create view remits.claim_balance as
select c.id as claim_id, c.claim_number, c.member_id, c.status_code, c.total_charge,
       coalesce(r.paid, 0) as paid,
       coalesce(r.patient_responsibility, 0) as patient_responsibility,
       c.total_charge - coalesce(r.paid, 0) - coalesce(r.written_off, 0) as balance
from claims.claim c
left join lateral (
    select sum(rc.paid) as paid, sum(rc.patient_responsibility) as patient_responsibility,
           sum((select sum(a.amount) from remits.adjustment a
                where a.remit_claim_id = rc.id and a.group_code in ('CO', 'PI'))) as written_off
    from remits.remit_claim rc
    where rc.claim_id = c.id
) r on true;
comment on view remits.claim_balance is 'What is still owed on each claim, by whomever.';
