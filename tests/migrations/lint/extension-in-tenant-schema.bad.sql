-- case: schema
create extension if not exists citext;
