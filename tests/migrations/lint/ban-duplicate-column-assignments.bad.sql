update claims.claim set status = 'a', status = 'b' where id = 1;
