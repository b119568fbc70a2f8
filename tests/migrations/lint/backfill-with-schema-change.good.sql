update claims.claim set vertical = 'dental' where vertical is null;
