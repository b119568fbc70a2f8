update claims.claim set status = 'a', total = 0 where id = 1;
