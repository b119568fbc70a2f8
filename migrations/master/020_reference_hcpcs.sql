create table reference.hcpcs_section (
    letter text not null,
    name   text not null,
    constraint pk_hcpcs_section primary key (letter),
    constraint ck_hcpcs_section_letter check (letter ~ '^[A-CE-Z]$')
);
comment on table reference.hcpcs_section is 'Chapters of HCPCS level II. D is missing on purpose: dental codes are not ours to ship.';

create table reference.hcpcs_code (
    code           text not null,
    section_letter text not null generated always as (substr(code, 1, 1)) stored,
    short_name     text not null,
    unit_code      text not null,
    constraint pk_hcpcs_code primary key (code),
    constraint fk_hcpcs_code_section foreign key (section_letter) references reference.hcpcs_section (letter),
    constraint fk_hcpcs_code_unit foreign key (unit_code) references reference.unit_of_measure (code),
    constraint ck_hcpcs_code_code check (code ~ '^[A-Z][0-9]{4}$')
);
create index idx_hcpcs_code_section_letter on reference.hcpcs_code (section_letter);
create index idx_hcpcs_code_unit_code on reference.hcpcs_code (unit_code);
comment on table reference.hcpcs_code is 'HCPCS level II codes in use by a service line, a fee schedule or an edit.';
