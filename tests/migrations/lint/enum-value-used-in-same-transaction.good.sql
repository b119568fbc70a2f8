alter type claims.status add value 'void' after 'paid';
update claims.claim set status = 'paid' where total = 0;
