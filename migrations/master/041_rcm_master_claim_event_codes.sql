create table rcm_master.condition_code (
    code     text not null,
    meaning  text not null,
    effect   text not null,
    constraint pk_condition_code primary key (code)
);
comment on table rcm_master.condition_code is 'Circumstances of an institutional claim that change how it is decided.';

create table rcm_master.occurrence_code (
    code    text    not null,
    meaning text    not null,
    is_span boolean not null,
    constraint pk_occurrence_code primary key (code)
);
comment on table rcm_master.occurrence_code is 'Events with a date, or with a first and last date (span).';

create table rcm_master.value_code (
    code          text not null,
    meaning       text not null,
    measure       text not null,
    currency_code text,
    constraint pk_value_code primary key (code),
    constraint fk_value_code_currency foreign key (currency_code) references reference.currency (code),
    constraint ck_value_code_measure check (measure in ('amount', 'count', 'code')),
    constraint ck_value_code_currency check ((measure = 'amount') = (currency_code is not null))
);
create index idx_value_code_currency_code on rcm_master.value_code (currency_code);
comment on table rcm_master.value_code is 'Amounts, counts and codes that an institutional claim states about itself.';
