alter type claims.status rename value 'new' to 'received';
