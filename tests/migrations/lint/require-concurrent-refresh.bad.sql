refresh materialized view claims.totals;
