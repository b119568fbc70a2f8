alter type claims.status add value 'void' after 'paid';
