update claims.claim set status = 'new';
