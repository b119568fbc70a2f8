create table rcm_master.fee_schedule_template (
    code             text          not null,
    name             text          not null,
    vertical_code    text          not null,
    payer_type_code  text          not null,
    currency_code    text          not null default 'USD',
    percent_of_basis numeric(6, 2) not null default 100,
    effective_from   date          not null,
    effective_to     date,
    constraint pk_fee_schedule_template primary key (code),
    constraint fk_fee_schedule_template_vertical foreign key (vertical_code) references rcm_master.vertical (code),
    constraint fk_fee_schedule_template_payer_type foreign key (payer_type_code)
        references rcm_master.payer_type (code),
    constraint fk_fee_schedule_template_currency foreign key (currency_code) references reference.currency (code),
    constraint ck_fee_schedule_template_percent check (percent_of_basis > 0),
    constraint ck_fee_schedule_template_dates check (effective_to >= effective_from)
);
create index idx_fee_schedule_template_vertical_code on rcm_master.fee_schedule_template (vertical_code);
create index idx_fee_schedule_template_payer_type_code on rcm_master.fee_schedule_template (payer_type_code);
create index idx_fee_schedule_template_currency_code on rcm_master.fee_schedule_template (currency_code);
comment on table rcm_master.fee_schedule_template is 'Starting points that a new tenant copies and then negotiates away from.';

create table rcm_master.fee_schedule_line (
    template_code         text           not null,
    line_number           smallint       not null,
    hcpcs_code            text           not null,
    modifier_code         text,
    place_of_service_code text,
    unit_price            numeric(12, 2) not null,
    constraint pk_fee_schedule_line primary key (template_code, line_number),
    constraint fk_fee_schedule_line_template foreign key (template_code)
        references rcm_master.fee_schedule_template (code) on delete cascade,
    constraint fk_fee_schedule_line_hcpcs foreign key (hcpcs_code) references reference.hcpcs_code (code),
    constraint fk_fee_schedule_line_modifier foreign key (modifier_code) references reference.modifier (code),
    constraint fk_fee_schedule_line_place foreign key (place_of_service_code)
        references reference.place_of_service (code),
    constraint ck_fee_schedule_line_unit_price check (unit_price >= 0)
);
create index idx_fee_schedule_line_hcpcs_code on rcm_master.fee_schedule_line (hcpcs_code);
create index idx_fee_schedule_line_modifier_code on rcm_master.fee_schedule_line (modifier_code);
create index idx_fee_schedule_line_place_of_service_code on rcm_master.fee_schedule_line (place_of_service_code);
comment on table rcm_master.fee_schedule_line is 'Price of one unit; the line with the most matching conditions wins.';
