-- case: schema platform_schema=platform
create table {schema_name}.contract (id bigint primary key, plan_id bigint references platform.plan (id));
create index idx_contract_plan_id on {schema_name}.contract (plan_id);
