alter table claims.claim alter column total set statistics 500;
