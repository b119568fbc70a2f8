delete from claims.claim where status = 'void';
