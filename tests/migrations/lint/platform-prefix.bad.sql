-- case: master platform_schema=platform
create table note (id bigint primary key);
