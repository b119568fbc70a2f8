alter table claims.claim drop column if exists total;
