create table rcm_master.bill_facility (
    digit text not null,
    name  text not null,
    constraint pk_bill_facility primary key (digit),
    constraint ck_bill_facility_digit check (digit ~ '^[1-8]$')
);
comment on table rcm_master.bill_facility is 'Second digit of a type of bill: what kind of house bills.';

create table rcm_master.bill_care (
    digit        text    not null,
    name         text    not null,
    is_inpatient boolean not null,
    constraint pk_bill_care primary key (digit)
);
comment on table rcm_master.bill_care is 'Third digit of a type of bill: what kind of care.';

create table rcm_master.bill_frequency (
    digit             text    not null,
    name              text    not null,
    needs_prior_claim boolean not null,
    constraint pk_bill_frequency primary key (digit)
);
comment on table rcm_master.bill_frequency is 'Last digit of a type of bill: where this claim stands in its series.';

create table rcm_master.type_of_bill (
    code            text not null,
    facility_digit  text not null,
    care_digit      text not null,
    frequency_digit text not null,
    name            text not null,
    constraint pk_type_of_bill primary key (code),
    constraint fk_type_of_bill_facility foreign key (facility_digit) references rcm_master.bill_facility (digit),
    constraint fk_type_of_bill_care foreign key (care_digit) references rcm_master.bill_care (digit),
    constraint fk_type_of_bill_frequency foreign key (frequency_digit) references rcm_master.bill_frequency (digit),
    constraint ck_type_of_bill_code check (code = '0' || facility_digit || care_digit || frequency_digit)
);
create index idx_type_of_bill_facility_digit on rcm_master.type_of_bill (facility_digit);
create index idx_type_of_bill_care_digit on rcm_master.type_of_bill (care_digit);
create index idx_type_of_bill_frequency_digit on rcm_master.type_of_bill (frequency_digit);
comment on table rcm_master.type_of_bill is 'Combinations that institutions actually send.';
