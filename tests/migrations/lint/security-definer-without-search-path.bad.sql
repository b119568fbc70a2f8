create function claims.total() returns numeric language sql security definer as 'select sum(total) from claims.claim';
