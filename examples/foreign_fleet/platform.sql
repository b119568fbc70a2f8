-- The control plane of somebody else's platform: its own tables, its own words. tenantsh only reads it.
create schema ops;
create table ops.machine (
  hostname   text primary key,
  datacentre text not null,
  address    text not null,
  tcp_port   int not null,
  login      text not null,
  retired_on date
);
create table ops.customer (
  code      text primary key,
  title     text not null,
  lifecycle text not null check (lifecycle in ('trial', 'live', 'frozen', 'off')),
  machine   text not null references ops.machine,
  dbname    text not null,
  plan      text not null
);
