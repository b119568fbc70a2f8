drop view if exists claims.open_claim;
