alter table claims.claim alter column payer_id drop not null;
