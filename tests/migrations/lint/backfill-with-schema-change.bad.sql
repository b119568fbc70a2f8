alter table claims.claim add column vertical text;
update claims.claim set vertical = 'dental' where vertical is null;
