create schema rcm_master;
comment on schema rcm_master is 'Revenue-cycle rules that every tenant bills by: payers, service lines, modifiers, fees, edits.';

create table rcm_master.vertical (
    code        text not null,
    name        text not null,
    claim_form  text not null,
    description text not null,
    constraint pk_vertical primary key (code),
    constraint uq_vertical_name unique (name),
    constraint ck_vertical_claim_form check (claim_form in ('837P', '837I', '837D'))
);
comment on table rcm_master.vertical is 'Lines of business; each has its service lines and a claim format.';
