alter type claims.status add value 'void' after 'paid';
update claims.claim set status = 'void' where total = 0;
