drop view claims.open_claim;
