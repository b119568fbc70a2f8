alter type claims.status add value 'void';
