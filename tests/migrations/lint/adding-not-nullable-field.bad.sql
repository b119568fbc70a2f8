alter table claims.claim alter column payer_id set not null;
