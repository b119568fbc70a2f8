-- case: schema platform_schema=platform
alter table platform.plan add column title text;
