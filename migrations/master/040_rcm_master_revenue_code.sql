create table rcm_master.revenue_category (
    prefix text not null,
    name   text not null,
    constraint pk_revenue_category primary key (prefix),
    constraint ck_revenue_category_prefix check (prefix ~ '^0[0-9]{2}$')
);
comment on table rcm_master.revenue_category is 'Departments, by the first three digits of a revenue code.';

create table rcm_master.revenue_code (
    code            text    not null,
    category_prefix text    not null generated always as (substr(code, 1, 3)) stored,
    name            text    not null,
    needs_hcpcs     boolean not null,
    unit_code       text    not null,
    constraint pk_revenue_code primary key (code),
    constraint fk_revenue_code_category foreign key (category_prefix) references rcm_master.revenue_category (prefix),
    constraint fk_revenue_code_unit foreign key (unit_code) references reference.unit_of_measure (code),
    constraint ck_revenue_code_code check (code ~ '^[0-9]{4}$')
);
create index idx_revenue_code_category_prefix on rcm_master.revenue_code (category_prefix);
create index idx_revenue_code_unit_code on rcm_master.revenue_code (unit_code);
comment on table rcm_master.revenue_code is 'Revenue codes of institutional lines, worded by us.';
comment on column rcm_master.revenue_code.needs_hcpcs is 'An outpatient line with this code is refused without a HCPCS code.';
