create table rcm_master.edit_rationale (
    code text not null,
    name text not null,
    cure text not null,
    constraint pk_edit_rationale primary key (code)
);
comment on table rcm_master.edit_rationale is 'Why an edit exists and what cures it.';

create table rcm_master.cci_edit (
    column_one_code    text     not null,
    column_two_code    text     not null,
    modifier_indicator smallint not null,
    rationale_code     text     not null,
    effective_from     date     not null,
    effective_to       date,
    constraint pk_cci_edit primary key (column_one_code, column_two_code, effective_from),
    constraint fk_cci_edit_column_one foreign key (column_one_code) references reference.hcpcs_code (code),
    constraint fk_cci_edit_column_two foreign key (column_two_code) references reference.hcpcs_code (code),
    constraint fk_cci_edit_rationale foreign key (rationale_code) references rcm_master.edit_rationale (code),
    constraint ck_cci_edit_pair check (column_one_code <> column_two_code),
    constraint ck_cci_edit_modifier_indicator check (modifier_indicator in (0, 1, 9)),
    constraint ck_cci_edit_dates check (effective_to >= effective_from)
);
create index idx_cci_edit_column_two_code on rcm_master.cci_edit (column_two_code);
create index idx_cci_edit_rationale_code on rcm_master.cci_edit (rationale_code);
comment on table rcm_master.cci_edit is 'Pairs of which only column one is paid on one day.';
comment on column rcm_master.cci_edit.modifier_indicator is '0 never both, 1 both with a distinct-service modifier, 9 edit withdrawn.';

create table rcm_master.mue_edit (
    hcpcs_code             text     not null,
    setting                text     not null,
    max_units              smallint not null,
    adjudication_indicator smallint not null,
    rationale_code         text     not null,
    effective_from         date     not null,
    constraint pk_mue_edit primary key (hcpcs_code, setting, effective_from),
    constraint fk_mue_edit_hcpcs foreign key (hcpcs_code) references reference.hcpcs_code (code),
    constraint fk_mue_edit_rationale foreign key (rationale_code) references rcm_master.edit_rationale (code),
    constraint ck_mue_edit_setting check (setting in ('practitioner', 'outpatient', 'equipment')),
    constraint ck_mue_edit_max_units check (max_units >= 0),
    constraint ck_mue_edit_adjudication_indicator check (adjudication_indicator between 1 and 3)
);
create index idx_mue_edit_rationale_code on rcm_master.mue_edit (rationale_code);
comment on table rcm_master.mue_edit is 'Most units of a code that one patient plausibly gets on one day.';
comment on column rcm_master.mue_edit.adjudication_indicator is '1 per line, 2 per day by policy, 3 per day by clinical benchmark.';
