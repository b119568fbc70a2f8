create table rcm_master.procedure_service_line (
    vertical                text    not null,
    code                    text    not null,
    name                    text    not null,
    hcpcs_code              text,
    revenue_code            text,
    place_of_service_code   text,
    unit_code               text    not null,
    requires_authorization  boolean not null default false,
    constraint pk_procedure_service_line primary key (vertical, code),
    constraint uq_procedure_service_line_name unique (vertical, name),
    constraint fk_procedure_service_line_vertical foreign key (vertical) references rcm_master.vertical (code),
    constraint fk_procedure_service_line_hcpcs foreign key (hcpcs_code) references reference.hcpcs_code (code),
    constraint fk_procedure_service_line_revenue foreign key (revenue_code) references rcm_master.revenue_code (code),
    constraint fk_procedure_service_line_place foreign key (place_of_service_code)
        references reference.place_of_service (code),
    constraint fk_procedure_service_line_unit foreign key (unit_code) references reference.unit_of_measure (code),
    constraint ck_procedure_service_line_code check (code ~ '^[A-Z]{2,3}-[A-Z0-9-]{2,24}$'),
    constraint ck_procedure_service_line_place check (revenue_code is not null or place_of_service_code is not null)
);
create index idx_procedure_service_line_hcpcs_code on rcm_master.procedure_service_line (hcpcs_code);
create index idx_procedure_service_line_revenue_code on rcm_master.procedure_service_line (revenue_code);
create index idx_procedure_service_line_place_of_service_code on rcm_master.procedure_service_line (place_of_service_code);
create index idx_procedure_service_line_unit_code on rcm_master.procedure_service_line (unit_code);
comment on table rcm_master.procedure_service_line is 'What each vertical sells, under our own codes and names.';
comment on column rcm_master.procedure_service_line.hcpcs_code is
    'Null where the procedure code belongs to a licensed set (CPT, CDT): the tenant maps those itself.';
