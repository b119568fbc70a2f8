alter table claims.claim add column token uuid default gen_random_uuid();
