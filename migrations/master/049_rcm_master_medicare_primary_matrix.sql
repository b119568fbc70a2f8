create table rcm_master.coverage_basis (
    code                 text    not null,
    name                 text    not null,
    by_current_employment boolean not null,
    constraint pk_coverage_basis primary key (code)
);
comment on table rcm_master.coverage_basis is 'Where the other coverage of a Medicare patient comes from.';

create table rcm_master.medicare_primary_matrix (
    entitlement_code     text     not null,
    coverage_basis_code  text     not null,
    position             smallint not null default 1,
    group_size_rule_code text,
    pays_first           text     not null,
    insurance_type_code  text     not null,
    question             text     not null,
    constraint pk_medicare_primary_matrix primary key (entitlement_code, coverage_basis_code, position),
    constraint fk_medicare_primary_matrix_entitlement foreign key (entitlement_code)
        references rcm_master.medicare_entitlement (code),
    constraint fk_medicare_primary_matrix_coverage_basis foreign key (coverage_basis_code)
        references rcm_master.coverage_basis (code),
    constraint fk_medicare_primary_matrix_group_size_rule foreign key (group_size_rule_code)
        references rcm_master.group_size_rule (code),
    constraint ck_medicare_primary_matrix_pays_first check (pays_first in ('medicare', 'other'))
);
create index idx_medicare_primary_matrix_coverage_basis_code on rcm_master.medicare_primary_matrix (coverage_basis_code);
create index idx_medicare_primary_matrix_group_size_rule_code on rcm_master.medicare_primary_matrix (group_size_rule_code);
comment on table rcm_master.medicare_primary_matrix is 'Who pays first, by entitlement and by the other coverage.';
comment on column rcm_master.medicare_primary_matrix.question is 'What the front desk asks to find the row.';
