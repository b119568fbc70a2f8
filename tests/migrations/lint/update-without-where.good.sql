update claims.claim set status = 'new' where status is null;
