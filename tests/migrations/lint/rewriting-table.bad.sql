alter table claims.claim set unlogged;
