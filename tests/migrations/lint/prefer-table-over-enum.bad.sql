create type claims.status as enum ('new', 'paid');
