alter type claims.status add value if not exists 'received' before 'new';
