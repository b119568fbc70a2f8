create table reference.diagnosis_chapter (
    number     smallint not null,
    first_code text     not null,
    last_code  text     not null,
    title      text     not null,
    constraint pk_diagnosis_chapter primary key (number),
    constraint ck_diagnosis_chapter_range check (first_code <= last_code)
);
comment on table reference.diagnosis_chapter is 'Chapters of ICD-10-CM.';

create table reference.diagnosis_code (
    code           text     not null,
    chapter_number smallint not null,
    title          text     not null,
    is_chronic     boolean  not null,
    constraint pk_diagnosis_code primary key (code),
    constraint fk_diagnosis_code_chapter foreign key (chapter_number) references reference.diagnosis_chapter (number),
    constraint ck_diagnosis_code_code check (code ~ '^[A-Z][0-9][0-9A-Z]([.][0-9A-Z]{1,4})?$')
);
create index idx_diagnosis_code_chapter_number on reference.diagnosis_code (chapter_number);
comment on table reference.diagnosis_code is 'ICD-10-CM diagnoses that rules and samples refer to.';
