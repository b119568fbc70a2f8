-- tenantsh: seed
-- fills: identity.organization, identity.location, identity.provider, security.app_user, security.user_role, members.member, members.address, members.coverage, eligibility.request, eligibility.response, claims.claim, claims.claim_line, claims.claim_diagnosis, claims.status_history, remits.remittance, remits.remit_claim, remits.adjustment, pgboss.job
-- Made-up people and bills for a tenant of any size. Needs two settings and one transaction:
--     set local tenantsh.members = '100000';    how many members the tenant shall have from this seed
--     set local tenantsh.seed = 'acme';         any text; another seed gives other people
-- Everything follows from the seed and a member's number: the same size again inserts nothing, a bigger size adds the
-- rest, and no clock or time zone has a say. md5 is the dice: sixteen bytes a row, which are its uuid as well.

-- Compiling these statements takes longer than running them at the usual sizes.
set local jit = off;

create temporary table sample_run on commit drop as
select current_setting('tenantsh.seed') as seed,
       current_setting('tenantsh.members')::integer as members,
       'S' || upper(left(md5(current_setting('tenantsh.seed')), 6)) as tag,
       date '2026-06-30' as last_day,
       timestamptz '2026-06-30 12:00+00' as last_moment,
       array['MEDICARE_B', 'UHC', 'AETNA', 'BCBS_NC', 'CIGNA', 'MEDICAID_NC', 'HUMANA_MA', 'ANTHEM'] as payers;

insert into identity.organization (id, slug, display_name, legal_name, npi, tax_identifier, created_at, updated_at)
select md5(seed || '/organization')::uuid, 'sample', 'Sample Health', 'Sample Health Partners, LLC', '1999999992',
       '56-0000001', last_moment - interval '20000 hours', last_moment - interval '20000 hours'
from sample_run
where not exists (select from identity.organization)
on conflict do nothing;

insert into identity.location (id, organization_id, code, name, place_of_service_code, line1, city, state_code, postal_code)
select md5(r.seed || '/location/' || l.n)::uuid,
       (select id from identity.organization order by created_at, id limit 1),
       r.tag || '-' || l.n, l.name, l.place, l.line1, l.city, 'NC', l.postal_code
from sample_run r
cross join (values (1, 'Main clinic', '11', '100 Market Street', 'Raleigh', '27601'),
                   (2, 'West clinic', '11', '2450 Glenwood Avenue', 'Durham', '27701'),
                   (3, 'Outpatient center', '22', '18 Hospital Drive', 'Cary', '27511'))
    as l (n, name, place, line1, city, postal_code)
on conflict do nothing;

insert into identity.provider (npi, location_id, family_name, given_name, credential, vertical, hired_on)
select '1' || lpad((get_byte(decode(md5(r.seed), 'hex'), 0) * 256 + get_byte(decode(md5(r.seed), 'hex'), 1))::text, 5, '0')
           || lpad(p.n::text, 4, '0'),
       md5(r.seed || '/location/' || 1 + p.n % 3)::uuid, p.family_name, p.given_name, p.credential, p.vertical,
       r.last_day - 300 - 97 * p.n
from sample_run r
cross join (values (0, 'Okafor', 'Adaeze', 'MD', 'professional'), (1, 'Lindgren', 'Karin', 'MD', 'professional'),
                   (2, 'Reyes', 'Mateo', 'DO', 'professional'), (3, 'Chaudhry', 'Sana', 'NP', 'professional'),
                   (4, 'Whitaker', 'Dale', 'PA', 'professional'), (5, 'Nakamura', 'Emi', 'MD', 'institutional'),
                   (6, 'Boone', 'Terrell', 'LCSW', 'behavioral_health'), (7, 'Ivanova', 'Daria', 'PhD', 'behavioral_health'),
                   (8, 'Castellano', 'Rosa', 'DDS', 'dental'), (9, 'Mbeki', 'Thandi', 'RN', 'home_health'),
                   (10, 'Garrity', 'Sean', 'PT', 'home_health'), (11, 'Voss', 'Henrik', 'CO', 'dme'))
    as p (n, family_name, given_name, credential, vertical)
on conflict do nothing;

insert into security.app_user (id, organization_id, email, display_name, must_change_password, created_at, updated_at)
select md5(r.seed || '/user/' || u.login)::uuid,
       (select id from identity.organization order by created_at, id limit 1),
       u.login || '.' || lower(r.tag) || '@sample.example', u.display_name, false,
       r.last_moment - interval '10000 hours', r.last_moment - interval '10000 hours'
from sample_run r
cross join (values ('billing', 'Bo Billing'), ('desk', 'Dee Desk'), ('reports', 'Ray Reports')) as u (login, display_name)
on conflict do nothing;

insert into security.user_role (user_id, role_code, granted_at)
select md5(r.seed || '/user/' || u.login)::uuid, u.role_code, r.last_moment - interval '9999 hours'
from sample_run r
cross join (values ('billing', 'biller'), ('desk', 'front_desk'), ('reports', 'viewer')) as u (login, role_code)
on conflict do nothing;

create temporary table sample_member on commit drop as
select m.n, m.dice, encode(m.dice, 'hex')::uuid as id, r.tag || '-' || lpad(m.n::text, 7, '0') as number,
       md5(r.seed || '/coverage/' || m.n)::uuid as coverage_id,
       1 + get_byte(m.dice, 10) % 8 as payer
from sample_run r
cross join lateral (select n, decode(md5(r.seed || '/member/' || n), 'hex') as dice
                    from generate_series(1, r.members) as n offset 0) m;

insert into members.member (id, organization_id, member_number, family_name, given_name, birth_date, sex, email, phone,
                            language, created_at, updated_at)
select m.id, o.id, m.number, p.family_name, p.given_name,
       r.last_day - (365 + (get_byte(m.dice, 4) * 256 + get_byte(m.dice, 5)) % 32000),
       p.sex,
       case when get_byte(m.dice, 13) < 160
            then lower(p.given_name || '.' || p.family_name) || m.n || '@mail.example' end,
       case when get_byte(m.dice, 13) >= 40
            then '+1919555' || lpad(((get_byte(m.dice, 14) * 256 + get_byte(m.dice, 15)) % 10000)::text, 4, '0') end,
       case when get_byte(m.dice, 12) < 28 then 'es' when get_byte(m.dice, 12) > 252 then 'vi' else 'en' end,
       a.entered, a.entered
from sample_run r
cross join (select id from identity.organization order by created_at, id limit 1) o
cross join (select array['Adams', 'Alvarez', 'Anderson', 'Baker', 'Bell', 'Brown', 'Campbell', 'Carter', 'Chen', 'Clark',
                         'Collins', 'Cooper', 'Davis', 'Diaz', 'Edwards', 'Evans', 'Flores', 'Foster', 'Garcia', 'Gomez',
                         'Gray', 'Green', 'Hall', 'Harris', 'Hernandez', 'Hill', 'Howard', 'Jackson', 'Johnson', 'Jones',
                         'Kelly', 'Kim', 'King', 'Lee', 'Lewis', 'Lopez', 'Martin', 'Martinez', 'Miller', 'Mitchell',
                         'Moore', 'Morgan', 'Murphy', 'Nguyen', 'Ortiz', 'Parker', 'Patel', 'Perez', 'Phillips', 'Price',
                         'Ramirez', 'Reed', 'Rivera', 'Roberts', 'Robinson', 'Sanchez', 'Scott', 'Singh', 'Smith', 'Taylor',
                         'Thomas', 'Thompson', 'Torres', 'Turner', 'Walker', 'Ward', 'White', 'Williams', 'Wilson', 'Wright',
                         'Young', 'O''Brien', 'Müller', 'Núñez'] as family,
                   array['Abigail', 'Alice', 'Amara', 'Ana', 'Beth', 'Carmen', 'Chloe', 'Diane', 'Elena', 'Emma', 'Fatima',
                         'Grace', 'Hannah', 'Irene', 'Jasmine', 'Julia', 'Keisha', 'Laura', 'Linda', 'Maria', 'Mei', 'Nora',
                         'Olivia', 'Priya', 'Rachel', 'Rosa', 'Sarah', 'Sofia', 'Tamika', 'Valerie', 'Wendy', 'Zoe'] as women,
                   array['Aaron', 'Adam', 'Alan', 'Andre', 'Ben', 'Carlos', 'Charles', 'Daniel', 'David', 'Diego', 'Eric',
                         'Frank', 'George', 'Hassan', 'Henry', 'Isaac', 'James', 'Jamal', 'John', 'José', 'Kevin', 'Liam',
                         'Luis', 'Mark', 'Michael', 'Noah', 'Omar', 'Paul', 'Raj', 'Robert', 'Samuel', 'Victor'] as men) names
cross join sample_member m
cross join lateral (select names.family[1 + (get_byte(m.dice, 0) * 256 + get_byte(m.dice, 1)) % cardinality(names.family)]
                               as family_name,
                           case when get_byte(m.dice, 3) < 130 then names.women[1 + get_byte(m.dice, 2) % 32]
                                else names.men[1 + get_byte(m.dice, 2) % 32] end as given_name,
                           case when get_byte(m.dice, 3) < 130 then 'F' when get_byte(m.dice, 3) < 254 then 'M' else 'X' end
                               as sex) p
cross join lateral (select r.last_moment - (6000 + get_byte(m.dice, 6) * 40) * interval '1 hour' as entered) a
on conflict do nothing;

insert into members.address (member_id, line1, line2, city, state_code, postal_code)
select m.id,
       1 + (get_byte(m.dice, 7) * 256 + get_byte(m.dice, 8)) % 9800 || ' ' || places.streets[1 + get_byte(m.dice, 9) % 16],
       case when get_byte(m.dice, 11) > 200 then 'Apt ' || 1 + get_byte(m.dice, 7) % 40 end,
       places.cities[1 + get_byte(m.dice, 6) % 12], 'NC',
       (places.first_codes[1 + get_byte(m.dice, 6) % 12] + get_byte(m.dice, 8) % 8)::text
from (select array['Oak Street', 'Main Street', 'Church Street', 'Maple Avenue', 'Park Drive', 'Hillside Road', 'Lake Road',
                   'Cedar Lane', 'Pine Street', 'Washington Street', 'Mill Road', 'Second Street', 'Elm Street',
                   'Railroad Avenue', 'Meadow Lane', 'Highland Avenue'] as streets,
             array['Raleigh', 'Durham', 'Cary', 'Charlotte', 'Greensboro', 'Winston-Salem', 'Fayetteville', 'Wilmington',
                   'Asheville', 'Concord', 'Gastonia', 'Hickory'] as cities,
             array[27603, 27703, 27511, 28202, 27401, 27101, 28301, 28401, 28801, 28025, 28052, 28601] as first_codes) places
cross join sample_member m
on conflict do nothing;

insert into members.coverage (id, member_id, rank, payer_code, plan_name, subscriber_number, group_number, relationship_code,
                              effective_from, effective_to, copay, created_at)
select m.coverage_id, m.id, 1, r.payers[m.payer],
       case m.payer when 1 then null when 6 then null else 'PPO ' || 500 * (1 + get_byte(m.dice, 2) % 6) end,
       'W' || upper(left(encode(m.dice, 'hex'), 9)),
       case when m.payer not in (1, 6, 7) then lpad((get_byte(m.dice, 9) * 37)::text, 6, '0') end,
       case when get_byte(m.dice, 15) < 170 then '18' when get_byte(m.dice, 15) < 210 then '01' else '19' end,
       date '2025-01-01', case when get_byte(m.dice, 14) < 12 then date '2026-03-31' end,
       5 * (get_byte(m.dice, 0) % 9), r.last_moment - interval '5000 hours'
from sample_run r
cross join sample_member m
union all
select md5(r.seed || '/second/' || m.n)::uuid, m.id, 2, 'MEDICAID_NC', null,
       'N' || upper(right(encode(m.dice, 'hex'), 9)), null, '18', date '2025-07-01', null, 0, r.last_moment - interval '4000 hours'
from sample_run r
cross join sample_member m
where get_byte(m.dice, 13) > 225 and m.payer <> 6
on conflict do nothing;

insert into eligibility.request (coverage_id, service_date, service_type, trace_number, requested_at, requested_by)
select m.coverage_id, r.last_day - get_byte(m.dice, 1), case when m.payer = 6 then '98' else '30' end, m.number,
       r.last_moment - (get_byte(m.dice, 1) + 1) * interval '24 hours', md5(r.seed || '/user/desk')::uuid
from sample_run r
cross join sample_member m
where get_byte(m.dice, 12) < 128
  and not exists (select from eligibility.request q where q.trace_number = m.number)
order by m.n
on conflict do nothing;

insert into eligibility.response (request_id, received_at, answer, reject_code, copay, deductible_remaining, payload)
select q.id, q.requested_at + get_byte(m.dice, 3) * interval '1 second', a.answer,
       case a.answer when 'rejected' then '75' end,
       case a.answer when 'active' then 5 * (get_byte(m.dice, 0) % 9) end,
       case a.answer when 'active' then 12.5 * get_byte(m.dice, 5) end,
       jsonb_build_object('trace', q.trace_number, 'network', get_byte(m.dice, 4) % 2 = 0)
from sample_member m
join eligibility.request q on q.trace_number = m.number
cross join lateral (select case when get_byte(m.dice, 14) < 12 then 'inactive' when get_byte(m.dice, 14) > 250 then 'rejected'
                                else 'active' end as answer) a
where get_byte(m.dice, 12) < 128
on conflict do nothing;

create temporary table sample_service on commit drop as
select (row_number() over () - 1)::integer as n, service_line, procedure_code, unit_charge
from (values ('PR-WELLNESS-NEXT', 'G0439', 185.00), ('PR-DEPRESSION-SCREEN', 'G0444', 28.00), ('PR-FLU-SHOT', 'G0008', 45.00),
             ('PR-VISIT-COMPLEX', 'G2211', 32.50), ('PR-JOINT-STEROID', 'J3301', 9.75), ('BH-COUNSEL', 'H0004', 41.00),
             ('PR-DIABETES-TRAINING', 'G0108', 88.00), ('DM-STRIPS', 'A4253', 36.40), ('DM-CPAP-MASK', 'A7030', 212.00),
             ('HH-PT', 'G0151', 62.00), ('IN-CLINIC', 'G0463', 240.00), ('PR-PELVIC-SCREEN', 'G0101', 96.00))
    as s (service_line, procedure_code, unit_charge);

create temporary table sample_line on commit drop as
select c.n, c.k, c.dice, l.line_number, s.service_line, s.procedure_code, s.unit_charge,
       1 + get_byte(c.dice, 5 + l.line_number) % 3 as units
from sample_run r
cross join lateral (select m.n, b.k, decode(md5(r.seed || '/claim/' || m.n || '/' || b.k), 'hex') as dice
                    from sample_member m
                    join (values (1), (2)) as b (k) on b.k <= get_byte(m.dice, 11) % 3 offset 0) c
join (values (1), (2), (3), (4)) as l (line_number) on l.line_number <= 1 + get_byte(c.dice, 4) % 4
join sample_service s on s.n = (get_byte(c.dice, 5) + 5 * l.line_number) % 12;

create temporary table sample_claim on commit drop as
select m.n, c.k, c.dice, encode(c.dice, 'hex')::uuid as id, m.number || '-' || c.k as number,
       m.id as member_id, m.coverage_id, r.payers[m.payer] as payer_code, (m.n - 1) / 500 as batch,
       get_byte(c.dice, 2) % 12 as provider, c.total_charge,
       r.last_day - (get_byte(c.dice, 0) * 256 + get_byte(c.dice, 1)) % 240 as service_date,
       r.last_moment - ((get_byte(c.dice, 0) * 256 + get_byte(c.dice, 1)) % 240 - 2) * interval '24 hours' as sent_at,
       case when get_byte(c.dice, 10) < 20 then 'draft' when get_byte(c.dice, 10) < 40 then 'submitted'
            when get_byte(c.dice, 10) < 60 then 'accepted' when get_byte(c.dice, 10) < 200 then 'paid'
            when get_byte(c.dice, 10) < 235 then 'denied' else 'closed' end as status
from sample_run r
cross join (select n, k, dice, sum(units * unit_charge) as total_charge from sample_line group by n, k, dice) c
join sample_member m on m.n = c.n;

insert into claims.claim (id, claim_number, member_id, coverage_id, provider_npi, location_id, claim_form, type_of_bill,
                          service_from, service_to, status_code, total_charge, submitted_at, created_at, updated_at)
select c.id, c.number, c.member_id, c.coverage_id,
       '1' || lpad((get_byte(decode(md5(r.seed), 'hex'), 0) * 256 + get_byte(decode(md5(r.seed), 'hex'), 1))::text, 5, '0')
           || lpad(c.provider::text, 4, '0'),
       md5(r.seed || '/location/' || 1 + c.provider % 3)::uuid,
       case when c.provider = 5 then '837I' else '837P' end, case when c.provider = 5 then '0131' end,
       c.service_date, c.service_date, c.status, c.total_charge, case when c.status <> 'draft' then c.sent_at end,
       c.sent_at - interval '20 hours', c.sent_at - interval '20 hours'
from sample_run r
cross join sample_claim c
order by c.n, c.k
on conflict do nothing;

insert into claims.claim_line (claim_id, line_number, service_line, procedure_code, revenue_code, modifiers, units, unit_charge)
select encode(l.dice, 'hex')::uuid, l.line_number, l.service_line, l.procedure_code,
       case when get_byte(l.dice, 2) % 12 = 5 then '0510' end,
       case l.service_line when 'HH-PT' then array['GP'] when 'DM-CPAP-MASK' then array['NU', 'KX'] else '{}' end,
       l.units, l.unit_charge
from sample_line l
order by l.n, l.k, l.line_number
on conflict do nothing;

insert into claims.claim_diagnosis (claim_id, position, diagnosis_code)
select c.id, p.position, known.codes[1 + (get_byte(c.dice, 11) + (p.position - 1) * (1 + get_byte(c.dice, 12) % 9)) % 10]
from (select array['I10', 'E11.9', 'E78.5', 'F41.1', 'J06.9', 'M54.50', 'G47.33', 'K21.9', 'N39.0', 'Z00.00'] as codes) known
cross join sample_claim c
join (values (1), (2)) as p (position) on p.position <= 1 + get_byte(c.dice, 12) % 2
order by c.n, c.k
on conflict do nothing;

insert into claims.status_history (claim_id, changed_at, status_code, changed_by)
select c.id, h.changed_at, h.status_code, h.changed_by
from sample_claim c
cross join lateral (select c.sent_at, 'submitted', 'biller' where c.status <> 'draft'
                    union all
                    select c.sent_at + (48 + get_byte(c.dice, 13)) * interval '1 hour', c.status, 'payer'
                    where c.status in ('accepted', 'paid', 'denied')
                    union all
                    select c.sent_at + (720 + get_byte(c.dice, 13)) * interval '1 hour', c.status, 'biller'
                    where c.status = 'closed') as h (changed_at, status_code, changed_by)
order by c.n, c.k
on conflict do nothing;

insert into remits.remittance (id, trace_number, payer_code, method, payment_date, received_at, posted_at)
select md5(r.seed || '/remittance/' || b.payer_code || '/' || b.batch)::uuid, r.tag || '-' || lpad(b.batch::text, 6, '0'),
       b.payer_code, case when b.payer_code = 'ANTHEM' then 'check' else 'ach' end, r.last_day + 1 + b.batch % 28,
       r.last_moment + (1 + b.batch % 28) * interval '24 hours', r.last_moment + (2 + b.batch % 28) * interval '24 hours'
from sample_run r
cross join (select distinct payer_code, batch from sample_claim where status in ('paid', 'denied', 'closed')) b
order by b.batch, b.payer_code
on conflict do nothing;

insert into remits.remit_claim (remittance_id, claim_id, payer_control_number, decision, charged, paid, patient_responsibility)
select md5(r.seed || '/remittance/' || c.payer_code || '/' || c.batch)::uuid, c.id, c.number,
       case when c.status = 'denied' then 'denied' else 'paid' end, c.total_charge, a.allowed - a.patient, a.patient
from sample_run r
cross join sample_claim c
cross join lateral (select case when c.status = 'denied' then 0
                                else round(c.total_charge * (60 + get_byte(c.dice, 14) % 25) / 100, 2) end as allowed) f
cross join lateral (select f.allowed, case when c.payer_code = 'MEDICAID_NC' then 0 else round(f.allowed / 5, 2) end as patient) a
where c.status in ('paid', 'denied', 'closed')
  and not exists (select from remits.remit_claim x
                  where x.remittance_id = md5(r.seed || '/remittance/' || c.payer_code || '/' || c.batch)::uuid
                    and x.payer_control_number = c.number)
order by c.n, c.k
on conflict do nothing;

insert into remits.adjustment (remit_claim_id, group_code, reason_code, amount, remark_code)
select p.id, a.group_code, a.reason_code, a.amount, a.remark_code
from sample_claim c
join remits.remit_claim p on p.claim_id = c.id and p.payer_control_number = c.number
cross join lateral (values ('CO', case when p.decision = 'paid' then '45' when get_byte(c.dice, 15) < 100 then '16'
                                       when get_byte(c.dice, 15) < 180 then '197' else '50' end,
                            p.charged - p.paid - p.patient_responsibility,
                            case when p.decision = 'denied' and get_byte(c.dice, 15) < 100 then 'N290' end),
                           ('PR', '2', p.patient_responsibility, null)) as a (group_code, reason_code, amount, remark_code)
where a.amount <> 0
order by p.id
on conflict do nothing;

-- A batch of 500 members may have been filled in two goes: its payment grows with it.
update remits.remittance p
set payment_amount = s.paid
from (select x.remittance_id, sum(x.paid) as paid from remits.remit_claim x group by x.remittance_id) s, sample_run r
where s.remittance_id = p.id and p.trace_number like r.tag || '-%' and p.payment_amount <> s.paid;

insert into pgboss.job (id, name, priority, data, state, start_after, created_on, completed_on, keep_until)
select md5(r.seed || '/job/' || m.n)::uuid, 'eligibility.refresh', m.n % 3, jsonb_build_object('member', m.number),
       case when m.n % 75 = 0 then 'created' else 'completed' end::pgboss.job_state, r.last_moment, r.last_moment,
       case when m.n % 75 <> 0 then r.last_moment + get_byte(m.dice, 0) * interval '1 second' end,
       r.last_moment + interval '336 hours'
from sample_run r
cross join sample_member m
where m.n % 25 = 0
on conflict do nothing;
