-- case: master platform_schema=platform
create table platform.note (id bigint primary key);
