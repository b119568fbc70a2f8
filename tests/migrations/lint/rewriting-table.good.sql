alter table claims.claim set (fillfactor = 80);
