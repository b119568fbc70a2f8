create function claims.total() returns numeric language sql security definer set search_path = pg_catalog, pg_temp as 'select sum(total) from claims.claim';
