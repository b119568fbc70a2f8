-- Both are trusted extensions: CREATE on the database is enough, no superuser needed.
create extension if not exists citext with schema public;
create extension if not exists pgcrypto with schema public;
