alter table claims.claim add column received_at timestamptz default now();
