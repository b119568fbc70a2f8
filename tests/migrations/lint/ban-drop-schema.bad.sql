drop schema if exists claims cascade;
