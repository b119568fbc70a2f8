refresh materialized view concurrently claims.totals;
