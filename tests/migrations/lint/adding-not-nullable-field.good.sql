-- file: 001_check.sql
alter table claims.claim add constraint ck_claim_payer_id check (payer_id is not null) not valid;
-- file: 002_validate.sql
alter table claims.claim validate constraint ck_claim_payer_id;
-- file: 003_not_null.sql
alter table claims.claim alter column payer_id set not null;
