create table reference.currency (
    code         text     not null,
    name         text     not null,
    minor_digits smallint not null default 2,
    constraint pk_currency primary key (code),
    constraint ck_currency_code check (code ~ '^[A-Z]{3}$'),
    constraint ck_currency_minor_digits check (minor_digits between 0 and 4)
);
comment on table reference.currency is 'Currencies that amounts can be stated in (ISO 4217).';

create table reference.country (
    code          text not null,
    name          text not null,
    currency_code text not null,
    constraint pk_country primary key (code),
    constraint uq_country_name unique (name),
    constraint fk_country_currency foreign key (currency_code) references reference.currency (code),
    constraint ck_country_code check (code ~ '^[A-Z]{2}$')
);
create index idx_country_currency_code on reference.country (currency_code);
comment on table reference.country is 'Countries of residence and of service (ISO 3166-1).';
